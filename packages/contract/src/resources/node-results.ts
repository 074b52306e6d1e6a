import { action, resource } from "../action.ts";
import { integer, list } from "../params.ts";

export const nodeResults = resource({
  name: "NodeResults",
  path: "/installation-results/",
  pathAliases: ["/commissioning-results/"],
  doc: "What scripts printed in the latest runs of all nodes, as older clients read it.",
  actions: {
    read: action({
      method: "GET",
      doc: "List results with what the scripts printed\n\nOf nodes that the caller may see: what each finished script of their current runs printed, and as NAME.err what it printed to standard error.",
      params: {
        system_id: list("System ids of nodes. May be repeated."),
        name: list("Names of results. May be repeated."),
        result_type: integer("0 commissioning, 1 installation, 2 testing, 3 release.", { min: 0, max: 3 }),
      },
      returns: "CommissioningResult[]",
      errors: { 400: "result_type is no such number" },
    }),
  },
});
