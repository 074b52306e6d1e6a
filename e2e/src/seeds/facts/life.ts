/** Rows of commissioning, allocating, deploying, and of machines that run already. */
import type { Fact } from "./fact.ts";

export const commandLineFacts: readonly Fact[] = [
  ["S0-001", "maas PROFILE RESOURCE ACTION, the profile named as one likes", "runs; $PROFILE and $profile alike"],
  ["S0-002", 'a value with a blank, comment="a b"', "is kept as it was quoted"],
  ["S0-003", "a file by script@=PATH, and by script=PATH as it is documented", "its content is uploaded by both"],
  ["S0-004", "a reply on a terminal, and in a pipe", "announced by two lines, and bare"],
  ["S0-005", "machines read | jq .", "exit 0"],
  ["S0-006", "a download to a file", "the same bytes"],
  ["S0-007", "a command over two lines, with a backslash", "one command"],
];

export const commissionFacts: readonly Fact[] = [
  ["S0-008", "the way of a machine; deploying a New one", "New, Commissioning, Ready, Allocated, Deploying, Deployed; 409"],
  ["S0-009", "a commissioning script tagged noauto", "does not run unasked"],
  ["S0-010", "the documented head of a script, with and without its end line", "uploaded; refused with what is missing"],
  ["S0-011", "name in the script's head", "the script's name"],
  ["S0-012", "title in the script's head", "shown by node-script read"],
  ["S0-013", "description in the script's head", "shown by node-script read"],
  ["S0-014", "script_type in the script's head", "a commissioning script"],
  ["S0-015", "tags in the script's head", "noauto among its tags"],
  ["S0-016", "two commissionings with a script of one's own", "two results of it"],
  ["S0-017", "machine commission of a Ready machine, on a terminal", "Success. and a machine that is Commissioning"],
  ["S1-001", "the same in the older edition", "the same"],
  ["S0-018", "commission with commissioning_scripts=NAME,TAG; without the machine's id", "no other script of one's own runs; exit 2"],
  ["S0-019", "commissioning_scripts with a word that means none", "400 naming the field"],
  ["S0-020", "commission without commissioning_scripts", "every script of one's own without noauto runs"],
  ["S0-021", "commission with testing_scripts=NAME,TAG; without the machine's id", "those run afterwards; exit 2"],
  ["S0-022", "the results of those tests", "of just these"],
  ["S0-023", "a plain commission", "tests tagged commissioning run too"],
  ["S0-024", "machines read | jq '.[] | .hostname, .system_id'", "both of each, quoted"],
  ["S0-025", "a tag for a Ready machine", "is on it"],
  ["S1-002", "a new tag, and a machine put under it", "is on it"],
];

export const allocateFacts: readonly Fact[] = [
  ["S0-197", "machines allocate; once more when none is Ready", "a machine, Allocated and the caller's; 409"],
  ["S1-013", "the same under the name of acquiring", "the same"],
  ["S0-198", "machines allocate system_id=ID", "that one"],
  ["S0-199", "system_id of a machine that is not Ready, or of none", "409, nothing allocated"],
  ["S0-200", "allocating a New machine", "refused"],
  ["S1-014", "the same remark in the older edition", "refused"],
  ["S0-201", "machine deploy ID", "Deploying, then Deployed"],
  ["S0-202", "machine deploy ID install_kvm=True", "a VM host afterwards"],
  ["S0-203", "install_kvm as True, true and 1", "taken"],
  ["S0-204", "deploying an Allocated, a Ready, a New, a Commissioning machine", "200; 200, it is allocated first; 409; 409"],
  ["S1-015", "the same remark in the older edition", "the same"],
  ["S0-205", "a machine that is silent while it is deployed", "Failed deployment after node_timeout minutes"],
  ["S0-206", "set-config name=node-timeout", "sets node_timeout; prints OK"],
  ["S0-207", "value 0, a word, none; no name", "400 each"],
  ["S0-208", "a pointer to how images are deployed", "nothing is required"],
];

export const runningFacts: readonly Fact[] = [
  ["S0-209", "two ways to add a machine that runs already", "both end with a Deployed machine"],
  ["S0-210", "machines create deployed=true ... power_type=manual", "Deployed, not commissioned, not switched"],
  ["S0-211", "deployed=true, false, and absent", "the caller's, with a token; else as any new machine"],
  ["S0-212", "hostname, and none", "kept; made up"],
  ["S0-213", "architecture=amd64", "amd64/generic"],
  ["S0-214", "mac_addresses, two of them, and one that is taken", "an interface each; 400"],
  ["S0-215", "power_type=manual", "manual"],
  ["S0-216", "GET /MAAS/maas-run-scripts without key", "200, a Python program"],
  ["S0-217", "maas-run-scripts register-machine --hostname NAME URL KEY", "a Deployed machine; its id is printed"],
  ["S0-218", "register-machine without --hostname", "the name of this host"],
  ["S0-219", "register-machine with a key that is none", "says so, exit code not 0"],
  ["S0-220", "machines create with hostname and deployed alone", "made, without architecture and MAC address"],
  ["S0-221", "what register-machine writes", "NAME-creds.yaml as it is documented"],
  ["S0-222", "that machine's hardware", "none is known"],
  ["S0-223", "maas-run-scripts report-results --config FILE", "results arrive, hardware is known, still Deployed"],
  ["S0-224", "report-results with a file that is not there", "exit code not 0"],
  ["S0-225", "report-results with a file written by hand", "works the same"],
  ["S0-226", "a signed status report to the file's endpoint", "taken, as cloud-init's are: 204"],
  ["S0-227", "machine get-token ID", "JSON, announced on a terminal"],
  ["S0-228", "its keys; of a machine without token; by a plain user", "three; null; 403"],
  ["S0-229", "a file made of get-token", "works the same"],
];

export const pageFacts: readonly Fact[] = [
  ["S0-230", "a machine's network page, of one that does not reach its rack", "the failed test is there"],
  ["S0-231", "the test action of the web UI", "offers network tests"],
  ["S0-232", "configuring a disconnected interface in the web UI", "a warning"],
  ["S0-233", "an interface whose link is slow, in the web UI", "a mark"],
  ["S0-234", "results of all interfaces in the web UI", "sorted by name and by MAC"],
  ["S0-235", "the list of machines in the web UI", "the state of all interfaces' tests"],
  ["S0-236", "switches between editions of the documentation", "optional"],
  ["S1-016", "the selector of editions", "nothing is required"],
];
