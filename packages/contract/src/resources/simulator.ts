import { action, resource } from "../action.ts";
import { flag, integer, list } from "../params.ts";

const refused = {
  403: "the caller is not an administrator",
  404: "this installation is for real machines",
} as const;

/** Ours: the switches of emulated machines. */
export const simulator = resource({
  name: "Simulator",
  path: "/simulator/",
  doc: "The switches of emulated machines, for the program that plays them. Only where the installation was made with --simulated.",
  actions: {
    read: action({
      method: "GET",
      access: "admin",
      doc: "Count emulated machines that are on and off, and tell where racks serve them",
      returns: "SimulatorState",
      errors: refused,
    }),
    take: action({
      method: "POST",
      access: "admin",
      doc: "Take what emulated machines are to do\n\nEach start and stop is handed out until `report` says that it was obeyed, so that no answer that got lost leaves a machine behind.",
      params: {
        again: flag("Whoever played machines before has gone: those that are on start anew."),
        limit: integer("At most so many. Default 1000.", { min: 1, max: 10_000 }),
      },
      returns: "PlayedMachine[]",
      errors: refused,
    }),
    report: action({
      method: "POST",
      access: "admin",
      doc: "Tell what emulated machines did\n\nAnswers the starts of those that went on.",
      params: {
        obeyed: list("What was taken and done, as SYSTEM_ID:START:on or SYSTEM_ID:START:off. May be repeated.", {
          split: "comma-or-blank",
        }),
        on: list("System ids of machines that nobody switched on. May be repeated.", { split: "comma-or-blank" }),
        off: list("Machines that went off, as SYSTEM_ID:START. May be repeated.", { split: "comma-or-blank" }),
        bmc: list(
          "How BMCs misbehave from now on, as SYSTEM_ID:FAULT; `none` mends one, `at-OTHER` is the BMC of the machine with the system id OTHER. May be repeated.",
          { split: "comma-or-blank" },
        ),
        dhcp: list(
          "What a DHCP server logged of a machine, as a JSON object: mac, what (discover, offer, request, ack, decline, nak, release, no_subnet, no_lease, conflict or dropped), address, log, at (milliseconds since 1970). May be repeated.",
        ),
      },
      returns: "SimulatorStarts",
      errors: { 400: "a word that is not of that form, or an unknown fault", ...refused },
    }),
  },
});
