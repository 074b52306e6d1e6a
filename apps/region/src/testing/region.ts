/** A real region for a test: HTTP on a free port, a database of its own, racks in memory. Close it in `after`. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createJobs, type Jobs } from "@rackwright/db/jobs";
import { notifyHub } from "@rackwright/db/notify";
import { testDatabase, type TestDatabase } from "@rackwright/db/testing/database";
import { insertToken, insertUser, type User } from "@rackwright/db/users";
import type { Actor } from "@rackwright/domain/machine/machine";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { allRoutes } from "../api/routes.ts";
import { secretBox } from "../auth/secrets.ts";
import { apiKey, makeToken, sealToken, type Token } from "../auth/tokens.ts";
import type { Ctx, Region } from "../context.ts";
import { createServer } from "../http/server.ts";
import { changeFeed } from "../live/change-feed.ts";
import { outputFeed } from "../live/output-feed.ts";
import { loadMachineFiles } from "../metadata/files.ts";
import { RackCredentials } from "../racks/credentials.ts";
import { type MemoryRacks, memoryRacks } from "./memory-racks.ts";
import { memoryImages } from "./memory-images.ts";
import { keepAllDocuments, staleDocuments } from "./check-documents.ts";
import "./record-actions.ts";
import { Turns } from "../turns.ts";
import { plaintextHeader, type RequestOptions, type Response, send } from "./request.ts";

export interface TestUser extends User {
  token: Token;
  /** consumer:token:secret */
  key: string;
  /** To call app functions as this user. */
  ctx: Ctx;
}

export interface TestClock {
  now: () => Date;
  /** Stand still at this moment; undefined: run again. */
  set: (at: Date | undefined) => void;
  /** Move on from wherever it stands. */
  advance: (ms: number) => void;
}

export interface TestRegion {
  region: Region;
  db: TestDatabase["db"];
  connection: TestDatabase["connection"];
  racks: MemoryRacks;
  server: FastifyInstance;
  /** http://127.0.0.1:PORT, no slash at its end */
  url: string;
  clock: TestClock;
  /** A directory of this region alone. */
  directory: string;
  admin: TestUser;
  user: TestUser;
  other: TestUser;
  addUser(username: string, options?: { superuser?: boolean; passwordHash?: string | null }): Promise<TestUser>;
  addToken(user: TestUser, name?: string): Promise<Token>;
  /**
   * @param who whose key signs; null: nobody's
   * @param path below /MAAS/api/2.0 when it begins with another word than /MAAS
   */
  request(who: TestUser | Token | null, method: string, path: string, options?: RequestOptions): Promise<Response>;
  close(): Promise<void>;
}

function testClock(): TestClock {
  let fixed: Date | undefined;
  let offset = 0;
  const now = () => fixed ?? new Date(Date.now() + offset);
  return {
    now,
    set(at) {
      fixed = at;
      offset = 0;
    },
    advance(ms) {
      if (fixed) fixed = new Date(fixed.getTime() + ms);
      else offset += ms;
    },
  };
}

/** Jobs that start when they are first used: most tests need none. Nothing runs until the test handles a queue. */
function lazyJobs(jobs: Jobs): Jobs {
  let started: Promise<void> | undefined;
  const start = () => (started ??= jobs.start());
  return {
    start,
    stop: async () => {
      if (started) await jobs.stop();
    },
    handle: async (queue, options, handler) => {
      await start();
      return jobs.handle(queue, options, handler);
    },
    enqueue: async (tx, queue, data, options) => {
      await start();
      return jobs.enqueue(tx, queue, data, options);
    },
    cancel: async (tx, queue, key) => {
      await start();
      return jobs.cancel(tx, queue, key);
    },
  };
}

/** After each request: is what is kept of machines what their rows say? Costs some 20 ms each time. */
const CHECKS_DOCUMENTS = process.env.CHECK_DOCUMENTS === "1";

const MACHINE_DIRECTORY = join(import.meta.dirname, "..", "..", "..", "..", "machine");

export async function testRegion(options: { simulated?: boolean } = {}): Promise<TestRegion> {
  // What can fail without a database comes before there is one to be closed.
  const routes = allRoutes();
  const machineFiles = await loadMachineFiles(MACHINE_DIRECTORY);
  const t = await testDatabase();
  const directory = await mkdtemp(join(tmpdir(), "rackwright-region-"));
  const clock = testClock();
  const racks = memoryRacks();
  const credentials = new RackCredentials(t.db);
  const hub = notifyHub({ connection: t.connection });
  const changes = changeFeed({ db: t.db, hub, onError: () => {}, keep: 200 });
  const region: Region = {
    db: t.db,
    jobs: lazyJobs(createJobs({ connection: t.connection, stopTimeoutMs: 2_000 })),
    secrets: secretBox(randomBytes(32)),
    racks,
    images: memoryImages(directory),
    machineFiles,
    changes,
    outputs: outputFeed(hub),
    turns: new Turns(),
    trustedClient: (request) => credentials.trustedClient({ headers: request.headers, socket: request.socket }),
    log: pino({ level: process.env.TEST_LOG ?? "silent" }),
    now: clock.now,
    version: "0.1.0-test",
    simulated: options.simulated ?? false,
    servesDhcp: true,
    ownNode: () => ({ nodeId: -1, systemId: "" }), // a test that needs one starts a presence
  };
  const server = createServer(region, routes);
  const close = async () => {
    await server.close();
    await changes.close();
    await hub.close();
    await region.jobs.stop();
    await t.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await server.listen({ host: "127.0.0.1", port: 0 });
    const address = server.addresses()[0];
    if (typeof address !== "object") throw new Error("the test region listens nowhere");
    const url = `http://127.0.0.1:${address.port}`;

    const addToken = async (user: Pick<User, "id">, name = "MAAS consumer") => {
      const token = makeToken(name);
      await insertToken(t.db.kysely, { userId: user.id }, sealToken(region, token));
      return token;
    };
    const addUser: TestRegion["addUser"] = async (username, options = {}) => {
      const user = await insertUser(t.db.kysely, {
        username,
        email: `${username}@example.com`,
        passwordHash: options.passwordHash ?? null,
        isSuperuser: options.superuser ?? false,
      });
      if (!user) throw new Error(`there is a user ${username} already`);
      const token = await addToken(user);
      const actor: Actor = { kind: "user", userId: user.id, username, isSuperuser: user.isSuperuser };
      return { ...user, token, key: apiKey(token), ctx: { region, actor, tokenKey: token.tokenKey } };
    };
    const request: TestRegion["request"] = async (who, method, path, options = {}) => {
      const token = who === null ? undefined : "token" in who ? who.token : who;
      const timestamp = Math.floor(clock.now().getTime() / 1000);
      const headers = token
        ? { authorization: plaintextHeader(token, { timestamp }), ...options.headers }
        : options.headers;
      const target = path.startsWith("/MAAS")
        ? `${url}${path}`
        : `${url}/MAAS/api/2.0${path.startsWith("/") ? "" : "/"}${path}`;
      const sent = () => send(target, method, headers ? { ...options, headers } : options);
      if (!CHECKS_DOCUMENTS) return sent();
      await keepAllDocuments(region);
      const reply = await sent();
      const stale = await staleDocuments(region);
      if (stale.length > 0)
        throw new Error(`${method} ${path} left what is kept of machines wrong:\n${stale.join("\n")}`);
      return reply;
    };
    return {
      region,
      db: t.db,
      connection: t.connection,
      racks,
      server,
      url,
      clock,
      directory,
      admin: await addUser("admin", { superuser: true }),
      user: await addUser("user"),
      other: await addUser("other"),
      addUser,
      addToken,
      request,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
