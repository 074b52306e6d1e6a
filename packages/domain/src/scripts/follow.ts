/** Where somebody who follows a run of scripts stands: of each result the status that was told, and how much of its output. */
export interface Told {
  offset: number;
  status: number;
}
export type FollowPlace = ReadonlyMap<number, Told>;

/** A run has a result for each script and disk or interface. */
const MOST = 2_000;

/** `12:4096:1,13:0:2`, result by result. */
export function placeText(place: FollowPlace): string {
  return place.size === 0 ? "-" : [...place].map(([id, t]) => `${id}:${t.offset}:${t.status}`).join(",");
}

/** @returns undefined for a text that is no place */
export function parsePlace(text: string): Map<number, Told> | undefined {
  if (text === "-") return new Map();
  const parts = text.split(",");
  if (parts.length > MOST || !parts.every((part) => /^\d{1,15}:\d{1,15}:\d{1,2}$/.test(part))) return undefined;
  return new Map(
    parts.map((part) => {
      const [id = 0, offset = 0, status = 0] = part.split(":").map(Number);
      return [id, { offset, status }];
    }),
  );
}
