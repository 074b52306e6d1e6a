/** One file of `machine/runner`, by its path below that folder. */
export interface RunnerFile {
  name: string;
  content: Uint8Array;
  executable: boolean;
}

/** The shell frame around the files; the only member of `RunnerFile[]` that is not unpacked on the machine. */
const FRAME = "user_data.sh.in";
const MARK = "@FILES@";
const BOUNDARY = "==RACKWRIGHT-USER-DATA==";

/**
 * The user-data of every boot that runs scripts: a MIME message (RFC 2046) whose one shell part unpacks the runner to
 * `/tmp/user_data.sh.XXXXXX/bin` and starts it. `files` are those of `machine/runner`, the frame `user_data.sh.in` among them. The same files
 * give the same text, whatever their order.
 */
export function renderRunnerUserData(files: readonly RunnerFile[]): string {
  const frame = files.find((file) => file.name === FRAME);
  if (frame === undefined)
    throw new Error(`cannot render runner user-data: ${FRAME} is not among the ${files.length} files`);
  const [before, after, more] = new TextDecoder().decode(frame.content).split(MARK);
  if (before === undefined || after === undefined || more !== undefined) {
    throw new Error(`cannot render runner user-data: ${FRAME} needs the line ${MARK} exactly once`);
  }
  // Python's own leftovers of a development checkout are none of the machine's business.
  const unpacked = files
    .filter((file) => file !== frame && !file.name.endsWith(".pyc"))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return message(before + unpacked.map(heredoc).join("\n") + after);
}

function heredoc(file: RunnerFile): string {
  // Names become shell words and paths below bin/: nothing to quote, nothing to climb.
  if (!/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(file.name)) {
    throw new Error(`cannot render runner user-data: ${JSON.stringify(file.name)} is no plain relative path`);
  }
  return `put ${file.executable ? "0755" : "0644"} ${file.name} << 'END_OF_FILE'\n${base64Lines(file.content)}END_OF_FILE`;
}

/** 76 characters a line (RFC 2045 section 6.8), each with its line feed. */
function base64Lines(content: Uint8Array): string {
  const text = Buffer.from(content).toString("base64");
  return (text.match(/.{1,76}/g) ?? []).map((line) => `${line}\n`).join("");
}

function message(script: string): string {
  return [
    `Content-Type: multipart/mixed; boundary="${BOUNDARY}"`,
    "MIME-Version: 1.0",
    "",
    `--${BOUNDARY}`,
    'Content-Type: text/x-shellscript; charset="utf-8"',
    "MIME-Version: 1.0",
    "Content-Transfer-Encoding: 7bit",
    'Content-Disposition: attachment; filename="user_data.sh"',
    "",
    script,
    `--${BOUNDARY}--`,
    "",
  ].join("\n");
}
