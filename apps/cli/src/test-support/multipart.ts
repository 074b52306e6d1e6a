/** Read a multipart/form-data body back, by the book and not by the encoder's code. */

export interface Part {
  name: string;
  filename: string | undefined;
  type: string;
  content: string;
}

export function readMultipart(contentType: string, body: Buffer): Part[] {
  const boundary = /boundary="([^"]+)"/.exec(contentType)?.[1];
  if (boundary === undefined) throw new Error(`no boundary in ${contentType}`);
  const sections = body.toString("latin1").split(`--${boundary}`);
  if (sections[0] !== "" || sections.at(-1) !== "--\r\n") throw new Error("does not begin or end with a delimiter");
  return sections.slice(1, -1).map((section) => {
    const [head = "", content = ""] = section.replace(/^\r\n/, "").replace(/\r\n$/, "").split("\r\n\r\n");
    const header = (name: string) => new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1] ?? "";
    if (header("content-transfer-encoding") !== "base64") throw new Error("not base64");
    if (content.split("\r\n").some((line) => line.length > 76)) throw new Error("a line is longer than 76");
    return {
      name: / name="([^"]*)"/.exec(header("content-disposition"))?.[1] ?? "",
      filename: /filename="([^"]*)"/.exec(header("content-disposition"))?.[1],
      type: header("content-type"),
      content: Buffer.from(content, "base64").toString("utf8"),
    };
  });
}
