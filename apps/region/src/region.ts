/** The region: its parts, wired. Nothing else reads options. */
import type { Server } from "node:http";
import { createServer as createHttpServer } from "node:http";
import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import { connectDatabase, type Database } from "@rackwright/db/connect";
import { createJobs } from "@rackwright/db/jobs";
import { installJobs } from "@rackwright/db/jobs-schema";
import { forgetDocuments } from "@rackwright/db/machine-documents";
import { migrate } from "@rackwright/db/migrate";
import { notifyHub } from "@rackwright/db/notify";
import type { Logger } from "pino";
import { startAdminSocket } from "./admin/socket.ts";
import { allRoutes } from "./api/routes.ts";
import { startChassisWorkflow } from "./app/chassis.ts";
import { bootScript } from "./app/boot.ts";
import { recordEvidence } from "./app/rack-evidence.ts";
import { recordNeighbours } from "./app/discovery-scan.ts";
import { recordDhcpServers } from "./app/foreign-dhcp.ts";
import { registerBuiltinScripts } from "./app/scripts.ts";
import { startTagEvaluation } from "./app/tag-evaluation.ts";
import { loadKey, secretBox } from "./auth/secrets.ts";
import type { Region } from "./context.ts";
import { startPresence } from "./controllers/presence.ts";
import { createServer } from "./http/server.ts";
import { changeFeed } from "./live/change-feed.ts";
import { outputFeed } from "./live/output-feed.ts";
import { fileStore } from "./images/file-store.ts";
import { leaseLookup, startLeaseEvents } from "./app/leases.ts";
import { loadMachineFiles } from "./metadata/files.ts";
import { createRackServer } from "./racks/server.ts";
import { startDeadlines } from "./reconcile/deadlines.ts";
import { otherKind } from "./simulator/other-kind.ts";
import { simulatedRacks } from "./simulator/racks.ts";
import { declareInstallation } from "@rackwright/db/installation";
import { startHardwareSync } from "./reconcile/hardware-sync.ts";
import { startActiveDiscovery } from "./reconcile/active-discovery.ts";
import { dhcpReconciler } from "./reconcile/dhcp.ts";
import { startPowerPoll } from "./reconcile/power-poll.ts";
import { startVmHostRefresh } from "./reconcile/vm-hosts.ts";
import { watchConsoles } from "./reconcile/consoles.ts";
import { syncImagesToRacks } from "./reconcile/images.ts";
import { nodeIdBySystemId } from "@rackwright/db/nodes";
import { Turns } from "./turns.ts";
import { unlessAborted } from "./unless-aborted.ts";
import { importRegularly, startImageImport } from "./workflows/image-import.ts";
import { recordPowerStep, startPowerWorkflow } from "./workflows/power.ts";
import { startVmHostWorkflow } from "./workflows/vm-host.ts";

export interface KeaDatabase {
  host: string;
  port: number;
  name: string;
  user: string;
  password: string;
}

export interface RegionOptions {
  /** PostgreSQL: our own database. */
  connection: Database["connection"];
  /** Kea's database on the same server; null: DHCP is not ours. */
  kea: KeaDatabase | null;
  dataDir: string;
  /** The directory machine/ of this installation. */
  machineDir: string;
  listen: { host: string; port: number };
  log: Logger;
  version: string;
  /** For emulated machines alone. What the first start said holds for ever. */
  simulated?: boolean;
  /** Gives the start up, also where it waits for a database that does not come back. */
  signal?: AbortSignal;
}

export interface RunningRegion {
  region: Region;
  port: number;
  enrolmentSecret: string;
  stop(): Promise<void>;
}

/** @throws Error of what could not be started, or the signal's reason; everything that was started before has stopped again then */
export async function startRegion(options: RegionOptions): Promise<RunningRegion> {
  await using started = new AsyncDisposableStack();
  // Whatever of it still goes on when it is given up fails: at the closed database, or at the stack, which takes nothing more.
  const starting = startParts(options, started);
  const parts = await (options.signal ? unlessAborted(starting, options.signal) : starting);
  const running = started.move();
  return { ...parts, stop: () => running.disposeAsync() };
}

/** @param started what is to be stopped, in the order it was started */
async function startParts(options: RegionOptions, started: AsyncDisposableStack): Promise<Omit<RunningRegion, "stop">> {
  const { connection, dataDir, log, simulated = false } = options;
  await migrate(connection, { log: (line) => log.info(line) });
  await installJobs(connection);
  let closing = false;
  const db = connectDatabase({
    connection,
    max: 20,
    name: "rackwright region",
    onError: (error) => {
      // The pool says that it has ended while its connections are still closing. The error itself drags the whole connection along.
      if (!closing) log.warn(`a database connection broke: ${error.message}`);
    },
  });
  started.defer(async () => {
    closing = true;
    await db.close();
  });
  if ((await declareInstallation(db.kysely, simulated)) !== simulated) throw otherKind(simulated);
  const hub = notifyHub({ connection, log: (line) => log.warn(line) });
  started.defer(() => hub.close());
  const changes = changeFeed({
    db,
    hub,
    onError: (error) => log.warn({ err: error }, "the change record could not be followed: trying again"),
  });
  started.defer(() => changes.close());
  const outputs = outputFeed(hub);
  started.defer(() => outputs.close());
  const jobs = createJobs({ connection, log: (line) => log.warn(line) });
  const images = fileStore(join(dataDir, "images"));
  const leases = leaseLookup(simulated ? null : options.kea);
  started.defer(() => leases.close());
  const now = () => new Date();
  const presence = await startPresence({
    db,
    dataDir,
    version: options.version,
    port: options.listen.port,
    log,
  });
  started.defer(() => presence.stop());
  const racks = createRackServer({
    regionNodeId: () => presence.node.nodeId,
    db,
    images,
    log,
    now,
    enrolmentSecretFile: join(dataDir, "rack-secret"),
    handlers: {
      bootScript: async (rack, request) => ({ script: await bootScript(region, rack, request, leases) }),
      evidence: async (_rack, { items }) => recordEvidence(region, items),
      dhcpServers: async (rack, { interface: name, servers }) => recordDhcpServers(region, rack, name, servers),
      neighbours: async (rack, { seen }) => recordNeighbours(region, rack, seen),
      powerStep: async (_rack, { systemId, bootEpoch, step }) => {
        const id = await nodeIdBySystemId(db.kysely, systemId);
        if (id !== undefined) await recordPowerStep(region, id, bootEpoch, step);
      },
    },
  });
  const region: Region = {
    db,
    jobs,
    secrets: secretBox(loadKey(join(dataDir, "secret.key"))),
    racks: simulated ? simulatedRacks(racks, db) : racks,
    images,
    machineFiles: await loadMachineFiles(options.machineDir),
    changes,
    outputs,
    turns: new Turns(),
    trustedClient: (request) => racks.trustedClient(request),
    log,
    now,
    version: options.version,
    simulated,
    servesDhcp: options.kea !== null,
    ownNode: () => presence.node,
  };
  await forgetDocuments(db);
  await registerBuiltinScripts(region, region.machineFiles.scriptsDirectory);
  started.defer(() => jobs.stop());
  await jobs.start();
  await startPowerWorkflow(region);
  await startVmHostWorkflow(region);
  await startImageImport(region);
  await startTagEvaluation(region);
  await startChassisWorkflow(region);
  const server = createServer(region, allRoutes());
  started.defer(() => server.close());
  await server.ready();
  racks.attach(server.server);
  const local = await listenLocally(
    (request, response) => server.routing(request, response),
    join(dataDir, "run", "region.sock"),
  );
  started.defer(() => void local.close());
  racks.attach(local);
  // Before the servers, which wait for their connections.
  started.defer(() => racks.close());
  await server.listen(options.listen);
  const admin = await startAdminSocket(region, join(dataDir, "run", "admin.sock"));
  started.defer(() => admin.close());
  started.defer(await startDeadlines(region, hub));
  const dhcp = dhcpReconciler(region, { kea: options.kea, hub, admin: connection });
  started.defer(() => dhcp.stop());
  await dhcp.start();
  started.defer(startPowerPoll(region));
  started.defer(importRegularly(region));
  started.defer(startActiveDiscovery(region));
  started.defer(startHardwareSync(region));
  started.defer(startVmHostRefresh(region));
  started.defer(await syncImagesToRacks(region, hub));
  if (!simulated) started.defer(await watchConsoles(region, hub));
  started.defer(await startLeaseEvents(region, options.kea));
  const address = server.addresses()[0];
  const port = typeof address === "object" ? address.port : options.listen.port;
  await presence.listening(port);
  return {
    region,
    port,
    enrolmentSecret: racks.enrolmentSecret,
  };
}

/** The same server on a unix socket in the data directory: reachable from other network namespaces of this host, by this user alone. */
async function listenLocally(handler: Parameters<typeof createHttpServer>[1], path: string): Promise<Server> {
  await rm(path, { force: true });
  const server = createHttpServer(handler);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(path, resolve);
  await promise;
  await chmod(path, 0o600);
  return server;
}
