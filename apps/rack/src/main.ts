/** A rack controller alone in its process. */
import { parseArgs } from "node:util";
import { pino } from "pino";
import { startRack } from "./rack.ts";

const usage = `Usage: node apps/rack/src/main.ts --region URL --secret-file FILE --data DIR --bootloaders DIR
  --region URL           the region: http://10.0.0.1:5240
  --secret-file FILE     copy of the region's enrolment secret
  --data DIR             credentials, images, Kea's files
  --bootloaders DIR      ipxe.efi, undionly.kpxe ...
  --host ADDRESS         where machines are served (0.0.0.0)
  --http-port PORT       HTTP boot (5248)
  --tftp-port PORT       TFTP (69)
  --no-tftp, --no-dhcp   leave that to somebody else
`;

const { values } = parseArgs({
  options: {
    region: { type: "string" },
    "secret-file": { type: "string" },
    data: { type: "string" },
    bootloaders: { type: "string" },
    host: { type: "string", default: "0.0.0.0" },
    "http-port": { type: "string", default: "5248" },
    "tftp-port": { type: "string", default: "69" },
    "no-tftp": { type: "boolean", default: false },
    "no-dhcp": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const { region, data, bootloaders, host, "secret-file": file } = values;

if (values.help) process.stdout.write(usage);
else if (!region || !data || !bootloaders || !file || !URL.canParse(region)) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  const log = pino();
  const rack = await startRack({
    regionUrl: region,
    enrolmentSecret: { file },
    dataDir: data,
    httpBoot: { host, port: Number(values["http-port"]) },
    tftp: values["no-tftp"] ? null : { host, port: Number(values["tftp-port"]) },
    dhcp: !values["no-dhcp"],
    bootloaderDir: bootloaders,
    inRegion: false,
    log,
  });
  log.info({ httpBootPort: rack.httpBootPort, tftpPort: rack.tftpPort }, "the rack controller serves");
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      rack.stop().then(
        () => log.info("the rack controller has stopped"),
        (error: unknown) => {
          log.error({ err: error }, "the rack controller did not stop in order");
          process.exitCode = 1;
        },
      );
    });
}
