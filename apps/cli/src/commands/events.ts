/** Server-sent events (WHATWG HTML, section 9.2) out of the bytes of a reply. */
export interface ServerEvent {
  id: string;
  /** Empty: a place alone, as a sign of life. */
  name: string;
  data: string;
}

/** @returns takes the bytes, in pieces of any size */
export function eventReader(onEvent: (event: ServerEvent) => void): (chunk: Buffer) => void {
  const decoder = new TextDecoder();
  let text = "";
  return (chunk) => {
    const blocks = (text + decoder.decode(chunk, { stream: true })).split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n");
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
      const event = { id: field("id"), name: field("event"), data: field("data") };
      if (event.id !== "") onEvent(event);
    }
  };
}
