/** Scripts for a machine that is not known yet: no results to refer to, no devices, no settings of its own. */
import type { Tx } from "@rackwright/db/connect";
import { listScripts, newestVersions } from "@rackwright/db/scripts";
import { DomainError } from "@rackwright/domain/errors";
import { expand, isPlaceholder, type ParameterValues } from "@rackwright/domain/scripts/parameters";
import type { Script } from "@rackwright/domain/scripts/script";
import { selectEnlisting } from "@rackwright/domain/scripts/select";
import { getConfig } from "./config.ts";
import { parameterSettings } from "./script-set-build.ts";
import { indexEntry, scriptMembers, type TarMember } from "./script-tar-write.ts";

/** Members of the archive; it always has an index, be it an empty one. */
export async function enlistingScripts(tx: Tx): Promise<TarMember[]> {
  const { enlist_commissioning } = await getConfig(tx, "enlist_commissioning");
  const settings = await parameterSettings(tx);
  const chosen = selectEnlisting(await listScripts(tx), enlist_commissioning)
    // Nothing is configured for this machine.
    .filter((s) => !s.applyConfiguredNetworking)
    .flatMap((script) => {
      const parameters = parametersFor(script, settings);
      return parameters ? [{ script, parameters }] : [];
    });
  const versions = await newestVersions(
    tx,
    chosen.map((c) => c.script.id),
  );
  const rows = chosen.flatMap((c) => {
    const version = versions.get(c.script.id);
    return version ? [{ ...c, version }] : [];
  });
  const index = {
    "1.0": { commissioning_scripts: rows.map((r) => indexEntry(r.script, r.version.id, r.parameters)) },
  };
  return [
    { name: "index.json", content: JSON.stringify(index), mode: 0o644 },
    ...scriptMembers(rows.map((r) => ({ script: r.script, content: r.version.content }))),
  ];
}

/** The script's parameters from defaults and settings; undefined when one is left open: a disk, an interface, a required word. */
function parametersFor(script: Script, settings: Record<string, string>): ParameterValues | undefined {
  try {
    const [row] = expand(script, {}, { disks: [], interfaces: [] }, { settings, commissioning: true });
    return row && !isPlaceholder(row.parameters) ? row.parameters : undefined;
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}
