import { createJobs } from "../jobs.ts";

/** A process for tests to kill: takes a job of queue `slow`, says so, and never finishes it. Its database comes by environment. */
const jobs = createJobs({ connection: process.env["TEST_DATABASE_URL"] ?? "" });
await jobs.start();
await jobs.handle<{ n: number }>("slow", {}, async (job) => {
  process.stdout.write(`${job.id} ${job.attempt}\n`);
  await new Promise(() => {});
});
process.stdout.write("ready\n");
