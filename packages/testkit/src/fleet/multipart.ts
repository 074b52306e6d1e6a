/** multipart/form-data (RFC 7578), as the runner sends it: parts as they are, without transfer encoding. */
import { randomBytes } from "node:crypto";

export function multipart(
  fields: Record<string, string>,
  files: Record<string, Uint8Array> = {},
): { body: Buffer; contentType: string } {
  const boundary = `rackwright-${randomBytes(16).toString("hex")}`;
  const part = (name: string, content: Uint8Array, file: boolean) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file ? `; filename="${name}"\r\nContent-Type: application/octet-stream` : ""}\r\n\r\n`,
    ),
    content,
    Buffer.from("\r\n"),
  ];
  const body = Buffer.concat([
    ...Object.entries(fields).flatMap(([name, value]) => part(name, Buffer.from(value), false)),
    ...Object.entries(files).flatMap(([name, content]) => part(name, content, true)),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  return { body, contentType: `multipart/form-data; boundary=${boundary}` };
}
