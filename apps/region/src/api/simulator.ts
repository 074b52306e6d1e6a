/** simulator: decode, one call, encode. */
import type { PlayedMachine, SimulatorState } from "@rackwright/contract/objects/simulator";
import { simulator } from "@rackwright/contract/resources/simulator";
import { reportMachines, simulatorOverview, takeWork } from "../app/simulator.ts";
import type { Routes } from "../http/route.ts";

export function simulatorRoutes(routes: Routes): void {
  const { actions } = simulator;
  routes.on(actions.read, async ({ ctx }): Promise<SimulatorState> => {
    const { racks, ...counts } = await simulatorOverview(ctx);
    return {
      racks: racks.map((rack) => ({
        hostname: rack.hostname,
        http_port: rack.httpPort ?? null,
        addresses: rack.interfaces.flatMap((i) => i.addresses.map((address) => address.split("/", 1)[0] ?? "")),
      })),
      ...counts,
      resource_uri: "/MAAS/api/2.0/simulator/",
    };
  });
  routes.on(actions.take, async ({ ctx, params }) =>
    (await takeWork(ctx, params)).map(
      (machine): PlayedMachine => ({
        system_id: machine.systemId,
        start: machine.start,
        wanted: machine.wanted,
        architecture: machine.architecture ?? "amd64/generic",
        bios_boot_method: machine.biosBootMethod,
        mac_addresses: machine.macs,
      }),
    ),
  );
  routes.on(actions.report, async ({ ctx, params }) => reportMachines(ctx, params));
}
