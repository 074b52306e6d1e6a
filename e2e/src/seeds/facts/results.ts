/** Rows S0-144 to S0-165 and S1-009: results by command line. */
import type { Fact } from "./fact.ts";

export const resultFacts: readonly Fact[] = [
  ["S0-144", "a script that runs, and runs before it", "shown as running; readable"],
  ["S0-145", "node-script-result read ID RESULTS", "one run"],
  ["S0-146", "RESULTS as id and as the three words; another word", "the run; 400"],
  ["S0-147", "node-script-results read ID type= filters=", "a list of runs"],
  ["S0-148", "type, and one that is none", "of that type only; 400"],
  ["S0-149", "filters by name, tag and id of a result", "what is meant only"],
  ["S0-150", "a failure that is suppressed", "does not count in the machine's state"],
  ["S0-151", "node-script-results update, and node-script-result update", "both suppress; the plural prints the run"],
  ["S0-152", "type of update", "the current run of that type only"],
  ["S0-153", "filters of update", "matching results only"],
  ["S0-154", "suppressed in any case; another word", "taken; 400"],
  ["S0-155", "keys of a result", "17"],
  ["S0-156", "dates, times and durations of a result", "RFC 2822, seconds since 1970, H:MM:SS"],
  ["S0-157", "a test that was aborted", "5, Aborted, no exit status"],
  ["S0-158", "parameters.storage of a storage test", "format, type, and the disk with five keys"],
  ["S0-159", "script_revision_id before a script ran; suppressed after an update", "null; true"],
  ["S0-160", "smartctl-validate", "a built-in test of disks"],
  ["S0-161", "node-script-result download output=all filetype=tar.xz", "an archive that tar opens"],
  ["S0-162", "output as stdout, stderr, combined, all and none", "each its stream; combined"],
  ["S0-163", "filetype tar.xz, none, and another", "an archive; text; 400"],
  ["S0-164", "the id of the verbose output as RUN_ID", "is taken"],
  ["S1-009", "the same remark in the older edition", "the same"],
  ["S0-165", "the same commands for commissioning and testing runs", "work the same"],
];
