/** How a machine meets the constraints that it was allocated by (lifecycle.md section 9.5). */
import type { ConstraintsByType } from "@rackwright/contract/objects/machine";
import type { Fit } from "@rackwright/domain/allocation/fit";

/** @param verboseFor system id under which it is said once more, where that was asked for */
export function wireConstraints(
  fit: Fit,
  verboseFor: string | undefined,
): { constraint_map: Record<string, string>; constraints_by_type: ConstraintsByType } {
  const byMachine = Object.entries(fit).map(([kind, found]) => [`verbose_${kind}`, { [verboseFor ?? ""]: found }]);
  return {
    // The older form: of disks alone, by their ids.
    constraint_map: Object.fromEntries(
      Object.entries(fit.storage ?? {}).flatMap(([label, ids]) => ids.map((id) => [String(id), label])),
    ),
    constraints_by_type: { ...fit, ...(verboseFor === undefined ? {} : Object.fromEntries(byMachine)) },
  };
}
