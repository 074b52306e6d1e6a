/** The number at the end of a path. */
import { DomainError } from "@rackwright/domain/errors";
import { asId } from "@rackwright/domain/network/specifier";

/** @throws DomainError not_found for what is no number: nothing is called so */
export function idOf({ path }: { path: Record<string, string> }, what: string, name = "id"): number {
  const id = asId(path[name] ?? "");
  if (id === undefined) throw new DomainError("not_found", `There is no ${what} '${path[name]}': ids are numbers.`);
  return id;
}
