/** For tests of the link: a region's rack server on a real HTTP server, and real racks that connect to it. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EvidenceItem, PowerStep } from "@rackwright/contract/rack-protocol";
import { type Rack, type RackOptions, startRack } from "@rackwright/rack/rack";
import { fileStore } from "@rackwright/region/images/file-store";
import type { ImageStore } from "@rackwright/region/images/store";
import type { RackHandlers } from "@rackwright/region/racks/connection";
import { createRackServer, type RackServer } from "@rackwright/region/racks/server";
import { testDatabase, type TestDatabase } from "@rackwright/testkit/database";
import { pino } from "pino";

export interface LinkRoom extends AsyncDisposable {
  database: TestDatabase;
  images: ImageStore;
  racks: RackServer;
  url: string;
  evidence: EvidenceItem[];
  steps: PowerStep[];
  handlers: RackHandlers;
  /** What the region's other handlers got: method and path, with the address that it takes for the client's. */
  carried: { target: string; address: string; rackNodeId: number | null }[];
  dir: string;
  /** Every request is looked at before the region gets it. @returns whether it was answered */
  intercept: ((req: IncomingMessage) => boolean) | undefined;
  rack(options?: Partial<RackOptions>): Promise<Rack>;
  stopRegion(): Promise<void>;
  startRegion(): Promise<void>;
}

export async function linkRoom(): Promise<LinkRoom> {
  const dir = await mkdtemp(join(tmpdir(), "rackwright-link-"));
  const database = await testDatabase();
  const images = fileStore(join(dir, "store"), { pruneAfterMs: 0 });
  await writeFile(join(dir, "ipxe.efi"), "a loader");
  const log = pino({ level: process.env["TEST_LOG"] ?? "silent" });
  const started: Rack[] = [];
  let server: Server | undefined;
  let port = 0;

  const room: LinkRoom = {
    database,
    images,
    racks: undefined as never, // startRegion below
    url: "",
    evidence: [],
    steps: [],
    carried: [],
    dir,
    intercept: undefined,
    handlers: {
      bootScript: async (_rack, { mac }) => ({ script: `#!ipxe\necho for ${mac}\n` }),
      evidence: async (_rack, { items }) => void room.evidence.push(...items),
      powerStep: async (_rack, { step }) => void room.steps.push(step),
      dhcpServers: async () => undefined,
      neighbours: async () => undefined,
    },
    async startRegion() {
      room.racks = createRackServer({
        db: database.db,
        images,
        log,
        now: () => new Date(),
        enrolmentSecretFile: join(dir, "region", "rack-secret"),
        handlers: {
          bootScript: (...args) => room.handlers.bootScript(...args),
          evidence: (...args) => room.handlers.evidence(...args),
          powerStep: (...args) => room.handlers.powerStep(...args),
          dhcpServers: (...args) => room.handlers.dhcpServers(...args),
          neighbours: (...args) => room.handlers.neighbours(...args),
        },
        timing: { helloMs: 500 },
      });
      const mine = createServer((req, res) => {
        void room.racks.trustedClient(req).then((client) => {
          room.carried.push({ target: `${req.method} ${req.url}`, ...client });
          res.end("the region");
        });
      });
      room.racks.attach(mine);
      const ours = mine.listeners("request") as ((...args: unknown[]) => void)[];
      mine.removeAllListeners("request");
      mine.on("request", (req, res) => {
        if (room.intercept?.(req)) res.destroy();
        else for (const listener of ours) listener(req, res);
      });
      mine.listen(port, "127.0.0.1");
      await once(mine, "listening");
      ({ port } = mine.address() as AddressInfo);
      room.url = `http://127.0.0.1:${port}`;
      server = mine;
    },
    async stopRegion() {
      const stopping = server;
      server = undefined;
      if (!stopping) return;
      const closed = once(stopping, "close");
      stopping.close();
      await room.racks.close();
      stopping.closeAllConnections();
      await closed;
    },
    async rack(options = {}) {
      const rack = await startRack({
        regionUrl: room.url,
        enrolmentSecret: { file: join(dir, "region", "rack-secret") },
        dataDir: join(dir, `rack-${started.length}`),
        httpBoot: { host: "127.0.0.1", port: 0 },
        tftp: null,
        dhcp: false,
        bootloaderDir: dir,
        inRegion: false,
        hostname: "rack-one",
        log,
        ...options,
        timing: {
          link: { firstPauseMs: 10, mostPauseMs: 50 },
          power: { attempts: 1, attemptMs: 2000, settleMs: 5000, pollMs: 20 },
          imageRetryMs: 20,
          ...options.timing,
        },
      });
      started.push(rack);
      return rack;
    },
    async [Symbol.asyncDispose]() {
      for (const rack of started) await rack.stop();
      await room.stopRegion();
      await database.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  await room.startRegion();
  return room;
}

export const sha256Of = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
