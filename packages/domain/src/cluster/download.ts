/** How far a download of a cluster is (API 1.0): a first report without figures, some with, a last one with all of it or an error. */
import { invalidField } from "../errors.ts";

export interface Progress {
  size: number | null;
  bytesDownloaded: number | null;
  error: string;
}

export interface Report {
  size?: number | undefined;
  bytesDownloaded?: number | undefined;
  error?: string | undefined;
}

/**
 * @param known the newest download of this name
 * @returns what is to be kept; `isNew`: as another download
 * @throws DomainError invalid_fields
 */
export function nextProgress(known: Progress | undefined, report: Report): Progress & { isNew: boolean } {
  const { bytesDownloaded, error = "" } = report;
  if (report.size !== undefined && report.size < 0) throw invalidField("size", "A size is not negative.");
  if (bytesDownloaded === undefined) return { isNew: true, size: report.size ?? null, bytesDownloaded: null, error };
  if (!known)
    throw invalidField("bytes_downloaded", "No download of this name was begun: report it without figures first.");
  if (known.size !== null && report.size !== undefined && report.size !== known.size)
    throw invalidField("size", `It was ${known.size} before, and never changes.`);
  const size = known.size ?? report.size ?? null;
  if (bytesDownloaded < 0) throw invalidField("bytes_downloaded", "It is not negative.");
  if (size !== null && bytesDownloaded > size)
    throw invalidField("bytes_downloaded", `The file has ${size} bytes only.`);
  return { isNew: false, size, bytesDownloaded, error: error || known.error };
}
