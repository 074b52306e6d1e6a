/** The end of a page as text that callers hand back: good for the same order alone. */
import { invalidField } from "../errors.ts";

/** What each order's key looks like: numbers, or for names any text. Times are microseconds since 1970. */
const keys = {
  name: /^.{0,255}$/su,
  since: /^\d{1,16}$/,
  created: /^\d{1,16}$/,
  cpu: /^\d{1,9}$/,
  memory: /^\d{1,15}$/,
  status: /^\d{1,4}$/,
} as const;

export type MachineOrder = keyof typeof keys;
export const machineOrders = Object.keys(keys) as MachineOrder[];

export interface Sorting {
  order: MachineOrder;
  descending: boolean;
}

/** The last machine of a page: the next one begins after it. The id decides among equal keys. */
export interface Place {
  key: string;
  id: number;
}

/** Words of the parameter `sort`. */
export const sortWords = machineOrders.flatMap((order) => [order, `-${order}`]);

/** @param word one of `sortWords` */
export function parseSort(word: string): Sorting {
  const order = machineOrders.find((one) => one === word.replace(/^-/, ""));
  if (order === undefined) throw invalidField("sort", `"${word}" is not one of ${sortWords.join(", ")}.`);
  return { order, descending: word.startsWith("-") };
}

export function pageToken({ order, descending }: Sorting, { key, id }: Place): string {
  return `${descending ? "-" : ""}${order}:${id}:${key}`;
}

/** @throws DomainError invalid_fields for what was made up, or belongs to another order */
export function parsePageToken(token: string, sorting: Sorting): Place {
  const [, sort = "", id = "", key = ""] = /^(-?[a-z]+):(\d{1,15}):(.*)$/su.exec(token) ?? [];
  if (!sortWords.includes(sort) || !keys[parseSort(sort).order].test(key))
    throw invalidField("after", "This is no place in a list: use next of an earlier reply as it stands.");
  const of = parseSort(sort);
  if (of.order !== sorting.order || of.descending !== sorting.descending)
    throw invalidField(
      "after",
      `This place is of a list sorted by ${sort}: sort as in the request that it comes from.`,
    );
  return { key, id: Number(id) };
}
