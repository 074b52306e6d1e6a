/** What a function refuses by its own names of fields, told by those that the caller used. */
import { DomainError, type FieldMessages } from "@rackwright/domain/errors";

/** Run `work`; fields of its refusal that are in `names` are called so. */
export async function renamedFields<T>(names: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DomainError) || !error.fields) throw error;
    const fields: FieldMessages = {};
    for (const [name, messages] of Object.entries(error.fields)) (fields[names[name] ?? name] ??= []).push(...messages);
    const [first] = Object.entries(fields);
    throw new DomainError(error.code, `${first?.[0]}: ${first?.[1][0]}`, { cause: error, fields });
  }
}
