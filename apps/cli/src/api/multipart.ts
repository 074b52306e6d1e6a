/** multipart/form-data (RFC 7578) with base64 parts: the shape that the official client sends and every server takes. */
import { randomBytes } from "./node-modules.ts";
import type { Parameter } from "./parameters.ts";

const EOL = "\r\n";

/** A repeated key is a part for each value. Content of files goes as an upload named after its key. */
export function encodeMultipart(parameters: readonly Parameter[]): { contentType: string; body: Buffer } {
  const boundary = `===============${randomBytes(12).toString("hex")}==`;
  const parts = parameters.map((parameter) => `--${boundary}${EOL}${encodePart(parameter)}`);
  const body = Buffer.from(`${parts.join("")}--${boundary}--${EOL}`, "latin1");
  return { contentType: `multipart/form-data; boundary="${boundary}"`, body };
}

function encodePart({ key, value }: Parameter): string {
  const name = quoted(key);
  const isText = typeof value === "string";
  const headers = [
    `Content-Disposition: form-data; name=${name}${isText ? "" : `; filename=${name}`}`,
    `Content-Type: ${isText ? 'text/plain; charset="utf-8"' : "application/octet-stream"}`,
    "Content-Transfer-Encoding: base64",
    "MIME-Version: 1.0",
  ];
  return `${headers.join(EOL)}${EOL}${EOL}${wrapped(Buffer.from(value).toString("base64"))}${EOL}`;
}

/** Lines of at most 76 characters (RFC 2045 6.8). */
const wrapped = (base64: string): string => (base64.match(/.{1,76}/g) ?? []).join(EOL);

/** Quotes and line ends as browsers escape them (RFC 7578 2, WHATWG); other letters as the bytes of UTF-8. */
const quoted = (name: string): string => {
  const escaped = name.replace(
    /["\r\n]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
  return `"${Buffer.from(escaped, "utf8").toString("latin1")}"`;
};
