// What ipmi_sim runs as chassis_control: one question to the lab process, one answer.
// usage: chassis-client.mjs SOCKET get|set WHAT [VALUE]...
// Not TypeScript: ipmi_sim answers nobody while this runs, and stripping types doubles node's start.
import { connect } from "node:net";

const [socket, ...words] = process.argv.slice(2);
let answer = "";
const connection = connect(socket, () => connection.end(`${words.join(" ")}\n`));
connection.setEncoding("utf8");
connection.on("data", (text) => {
  answer += text;
});
connection.on("error", (error) => fail(error.message));
connection.on("end", () => {
  if (!answer.startsWith("ok\n")) fail(answer || "the lab closed the connection");
  process.stdout.write(answer.slice(3));
});

function fail(reason) {
  process.stderr.write(`${words.join(" ")}: ${reason}\n`);
  process.exit(1);
}
