import { Raw } from "../../http/reply.ts";

/** Other people's bytes: no browser shall take them for a page of ours. */
export const bytesReply = (content: Uint8Array, contentType = "application/octet-stream"): Raw =>
  new Raw(Buffer.from(content), contentType, {
    "x-content-type-options": "nosniff",
    "content-disposition": "attachment",
  });
