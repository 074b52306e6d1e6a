/** What an update takes away. Text says so by being empty; a number that is empty is decoded as one that was not given. */

type Cleared<P, K extends keyof P> = Omit<P, K> & { [N in K]: P[N] | null };

/** The parameters, with null for those of the named that were given empty. */
export function cleared<P extends object, K extends keyof P & string>(
  { params, given }: { params: P; given: ReadonlySet<string> },
  ...names: K[]
): Cleared<P, K> {
  const taken = names.filter((name) => given.has(name) && params[name] === undefined);
  return { ...params, ...Object.fromEntries(taken.map((name) => [name, null])) };
}
