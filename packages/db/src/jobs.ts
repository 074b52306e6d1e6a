import { randomUUID } from "node:crypto";
import { CompiledQuery, sql } from "kysely";
import type { ClientConfig } from "pg";
import { PgBoss, type Db } from "pg-boss";
import { parseConnection, type Tx } from "./connect.ts";
import { JobWorkers } from "./job-workers.ts";
import { JOBS_SCHEMA } from "./jobs-schema.ts";
import { notifyHub } from "./notify.ts";
import { bePresent, type Presence } from "./presence.ts";
import { RunningJobs } from "./running-jobs.ts";

export interface Job<T> {
  id: string;
  data: T;
  /** Aborted when the job is cancelled, takes longer than it may, or this process stops. */
  signal: AbortSignal;
  /** 1 for the first run. A run whose process was killed counts. */
  attempt: number;
  /** Since it was enqueued, by the database's clock. */
  ageMs: number;
}

export interface JobOptions {
  /** At most one job of a queue with this key is queued or running; another one is not enqueued. */
  key?: string;
  startAfter?: Date;
  /** Higher runs earlier. Default 0. */
  priority?: number;
}

/** Work that is to be done outside the database because of something written in it. Every handler may run twice. */
export interface Jobs {
  start(): Promise<void>;
  /** Takes no more jobs, aborts the running handlers and waits for them; what does not end runs again elsewhere. */
  stop(): Promise<void>;
  /**
   * Run the jobs of a queue in this process. A handler that rejects is run again, after a growing pause, `retryLimit`
   * times; so is one whose process died: at once by the first process that starts when none is left, else as soon as its heartbeat
   * has been missing for 10 s.
   */
  handle<T>(
    queue: string,
    options: { concurrency?: number; retryLimit?: number; longestPauseSeconds?: number; expireSeconds?: number },
    handler: (job: Job<T>) => Promise<void>,
  ): Promise<void>;
  /** Exists if and only if `tx` commits. @returns the job's id; null when one with this key is queued or running */
  enqueue(tx: Tx, queue: string, data: object, options?: JobOptions): Promise<string | null>;
  /** When `tx` commits, the job with this key does not start any more, or the signal of its handler is aborted. */
  cancel(tx: Tx, queue: string, key: string): Promise<void>;
}

const CANCEL_CHANNEL = "job_cancel";
/** The payload is the queue. Not pg-boss' own notification, which wakes every worker of a queue for each job. */
const READY_CHANNEL = "job_ready";
const LOOK_EVERY_MS = 2_000;
/** Of the advisory lock that every process holds that runs jobs: "jobs" in ASCII. */
const PRESENCE_KEY = 0x6a_6f_62_73;

const queueDefaults = {
  policy: "exclusive", // one queued or active job per singletonKey
  notify: false, // see READY_CHANNEL
  heartbeatSeconds: 10, // pg-boss' least; handlers are seen to every 5 s
  retryLimit: 5,
  retryDelay: 1, // seconds, growing
  retryBackoff: true,
  retryDelayMax: 300,
  expireInSeconds: 15 * 60,
  deleteAfterSeconds: 24 * 3600,
} as const;

const polling = {
  includeMetadata: true,
  // By each worker by itself; one of them is woken much oftener.
  pollingIntervalSeconds: 60,
} as const;

export function createJobs(options: {
  connection: string | ClientConfig;
  log?: (message: string) => void;
  /** How long `stop` waits for handlers that do not heed their signal. Default 10 s. */
  stopTimeoutMs?: number;
  /** Jobs that become due (startAfter, retries, takeover) are not notified: this is how late they start at most. Default 2 s. */
  lookEveryMs?: number;
}): Jobs {
  const log = options.log ?? (() => {});
  const boss = new PgBoss({
    ...(parseConnection(options.connection) as object),
    schema: JOBS_SCHEMA,
    application_name: "rackwright jobs",
    max: 5,
    schedule: false,
    // How soon a missing heartbeat is noticed.
    superviseIntervalSeconds: 2,
    monitorIntervalSeconds: 2,
  });
  boss.on("error", (error) => log(`jobs: ${error.message}`));
  boss.on("warning", (warning) => log(`jobs: ${warning.message}`));
  const hub = notifyHub({ connection: options.connection, log });
  const running = new RunningJobs();
  const queues = new Map<string, Promise<void>>();
  const workers = new Map<string, JobWorkers>();
  const lookEverywhere = () => {
    for (const each of workers.values()) each.wakeOne();
  };
  let looking: NodeJS.Timeout | undefined;

  const ensureQueue = (queue: string): Promise<void> => {
    const known = queues.get(queue) ?? boss.createQueue(queue, queueDefaults);
    queues.set(queue, known);
    known.catch(() => queues.delete(queue));
    return known;
  };

  let presence: Presence | undefined;
  return {
    async start() {
      presence = await bePresent({
        connection: parseConnection(options.connection),
        key: PRESENCE_KEY,
        log,
        async onAlone(client) {
          const { rowCount } = await client.query(
            `update ${JOBS_SCHEMA}.job set state = 'retry', start_after = now(), heartbeat_on = null where state = 'active'`,
          );
          if (rowCount) log(`jobs: ${rowCount} that a process left unfinished run again`);
        },
      });
      await boss.start();
      await hub.listen(READY_CHANNEL, (queue) => workers.get(queue)?.wakeOne(), lookEverywhere);
      looking = setInterval(lookEverywhere, options.lookEveryMs ?? LOOK_EVERY_MS);
      await hub.listen(
        CANCEL_CHANNEL,
        (id) => running.abort(id),
        () => void abortLost().catch((error: unknown) => log(`jobs: cannot look for cancelled ones: ${String(error)}`)),
      );
    },

    async stop() {
      clearInterval(looking);
      running.abortAll("this process stops");
      await boss.stop({ graceful: true, timeout: options.stopTimeoutMs ?? 10_000 });
      await presence?.close();
      await hub.close();
    },

    async handle<T>(
      queue: string,
      { concurrency = 1, retryLimit, longestPauseSeconds, expireSeconds }: Parameters<Jobs["handle"]>[1],
      handler: (job: Job<T>) => Promise<void>,
    ) {
      await ensureQueue(queue);
      await boss.updateQueue(queue, {
        retryLimit: retryLimit ?? queueDefaults.retryLimit,
        retryBackoff: true, // asked for again with the next one
        retryDelayMax: longestPauseSeconds ?? queueDefaults.retryDelayMax,
        expireInSeconds: expireSeconds ?? queueDefaults.expireInSeconds,
        notify: false, // of a queue that an earlier version made
      });
      const pool = workers.get(queue) ?? new JobWorkers((worker) => boss.notifyWorker(worker));
      workers.set(queue, pool);
      for (let i = 0; i < concurrency; i++) {
        const known = Promise.withResolvers<string>();
        const worker = await boss.work<T, void, typeof polling>(queue, polling, async ([job]) => {
          if (!job) return;
          // The next one is fetched as soon as this one is done: a worker that takes single jobs otherwise waits out its polling interval
          // (burstWhenBatchFull does not count for a batch of one), and larger batches wait for their slowest job.
          await pool.run(await known.promise, () =>
            running.run(job.id, job.signal, (signal) =>
              handler({
                id: job.id,
                data: job.data,
                signal,
                attempt: job.retryCount + 1,
                ageMs: job.startedOn.getTime() - job.createdOn.getTime(),
              }),
            ),
          );
        });
        known.resolve(worker);
        pool.add(worker);
      }
    },

    async enqueue(tx, queue, data, { key, startAfter, priority } = {}) {
      await ensureQueue(queue);
      const id = await boss.send(queue, data, {
        db: within(tx),
        singletonKey: key ?? randomUUID(), // the queue's policy is for all its jobs: one without a key gets its own
        ...(startAfter ? { startAfter } : {}),
        ...(priority === undefined ? {} : { priority }),
      });
      // PostgreSQL sends it once per transaction, however many jobs.
      if (id !== null && !startAfter) await sql`select pg_notify(${READY_CHANNEL}, ${queue})`.execute(tx);
      return id;
    },

    async cancel(tx, queue, key) {
      await ensureQueue(queue);
      // The condition is that of pg-boss' unique index of exclusive queues, so that it is found by it.
      const { rows } = await sql<{ id: string }>`
        select id from ${sql.table(`${JOBS_SCHEMA}.job`)}
        where name = ${queue} and coalesce(singleton_key, '') = ${key} and state <= 'active' and policy = 'exclusive'`.execute(
        tx,
      );
      for (const { id } of rows) {
        await boss.cancel(queue, id, { db: within(tx) });
        // pg-boss marks the row only; a running handler would go on to its end.
        await sql`select pg_notify(${CANCEL_CHANNEL}, ${id})`.execute(tx);
      }
    },
  };

  /** After notifications may have been lost: abort what is no longer ours to run, by what the table says. */
  async function abortLost(): Promise<void> {
    const ids = running.ids();
    if (ids.length === 0) return;
    const { rows } = await boss
      .getDb()
      .executeSql(`select id from ${JOBS_SCHEMA}.job where id = any($1::uuid[]) and state = 'active'`, [ids]);
    const active = new Set((rows as { id: string }[]).map((row) => row.id));
    for (const id of ids) if (!active.has(id)) running.abort(id);
  }
}

/** Let pg-boss run its statement inside our transaction. */
function within(tx: Tx): Db {
  return {
    async executeSql(text, values = []) {
      const { rows } = await tx.executeQuery(CompiledQuery.raw(text, values));
      return { rows };
    },
  };
}
