/** Files of a report, sorted to their scripts: `<script>` (combined), `.out`, `.err` and `.yaml`. */
export interface ReportedFile {
  name: string;
  bytes: Uint8Array;
}

export type StreamName = "output" | "stdout" | "stderr" | "result";
export type Streams = Partial<Record<StreamName, Uint8Array>>;

const streamOfSuffix = { ".out": "stdout", ".err": "stderr", ".yaml": "result" } as const;

/** Streams by the name of their script. */
export function groupFiles(files: readonly ReportedFile[]): Map<string, Streams> {
  const groups = new Map<string, Streams>();
  for (const file of files) {
    const suffix = (Object.keys(streamOfSuffix) as (keyof typeof streamOfSuffix)[]).find((s) => file.name.endsWith(s));
    const name = suffix ? file.name.slice(0, -suffix.length) : file.name;
    const streams = groups.get(name) ?? {};
    streams[suffix ? streamOfSuffix[suffix] : "output"] = file.bytes;
    groups.set(name, streams);
  }
  return groups;
}

/** Bytes kept of one stream: a runaway script must not fill the database. */
export const STREAM_LIMIT_BYTES = 16 * 2 ** 20;
/** Of a longer one: the end, and room for the note of what is missing before it. */
export const TAIL_BYTES = 4 * 2 ** 20;
export const NOTE_BYTES = 200;

/** The stream, or its beginning with a note of what is missing. */
export function bounded(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= STREAM_LIMIT_BYTES) return bytes;
  const note = Buffer.from(
    `\n[Cut here: ${bytes.length - STREAM_LIMIT_BYTES} of ${bytes.length} bytes are not kept.]\n`,
  );
  return Buffer.concat([bytes.subarray(0, STREAM_LIMIT_BYTES), note]);
}
