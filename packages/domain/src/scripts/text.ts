/** The text of a script as it is kept. */
import { invalidField } from "../errors.ts";

const CR = 13;
const LF = 10;

/**
 * The bytes with CRLF made LF: a kernel looks for an interpreter named "sh\r" otherwise.
 * @throws DomainError on script when it has no interpreter line
 */
export function normalText(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) throw invalidField("script", "The script is empty.");
  const text = bytes.filter((byte, i) => byte !== CR || bytes[i + 1] !== LF);
  if (!new TextDecoder().decode(text.subarray(0, 3)).startsWith("#!/"))
    throw invalidField("script", "The first line must name the interpreter: #!/bin/sh, say.");
  return text;
}
