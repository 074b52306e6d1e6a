/** Scripts of somebody's own, for a machine of the lab: what each does in one line of its name, and what is to come of it in results.ts. */

function script(metadata: readonly string[], body: string): string {
  const lines = metadata.map((line) => `# ${line}`).join("\n");
  return `#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n${lines}\n# --- End MAAS 1.0 script metadata ---\n${body}`;
}

/** In the environment of whoever runs the scripts by hand: those that would take the machine away, or for ever, do nothing then. */
export const BY_HAND = "LAB_BY_HAND";
const unlessByHand = `[ -z "$${BY_HAND}" ] || { echo "run by hand"; exit 0; }\n`;

/** Restarts the machine the first time, and ends the second time. */
export const RESTARTS = script(
  // After those that are built in; chosen by name alone, since it is not for every machine of the lab.
  ["name: lab-restarts", "script_type: commissioning", "may_reboot: true", "tags: noauto", "timeout: 600"],
  `${unlessByHand}[ "$HAS_STARTED" = True ] && { echo "back after the restart"; exit 0; }
echo "restarting"
reboot -f
sleep 600
`,
);

export const DISK = script(
  [
    "name: lab-disk",
    "script_type: testing",
    "hardware_type: storage",
    "parallel: instance",
    "results: {size_mib: {title: Size in MiB}}",
    "parameters: {storage: {type: storage}}",
  ],
  `disk=\${1#--storage=}
size=$(($(blockdev --getsize64 "$disk") / 1048576))
echo "$disk has $size MiB"
printf 'results:\\n  size_mib: %s\\n' "$size" > "$RESULT_PATH"
`,
);

/** Says which of our two addresses it reaches. */
export const NIC = script(
  [
    "name: lab-nic",
    "script_type: testing",
    "hardware_type: network",
    "parallel: instance",
    "results: {reaches: {title: Reaches}}",
    "parameters: {interface: {type: interface}}",
  ],
  `nic=\${1#--interface=}
ip link set "$nic" up
tries=0
until [ "$(cat "/sys/class/net/$nic/carrier" 2> /dev/null)" = 1 ]; do
  tries=$((tries + 1))
  [ $tries -le 10 ] || {
    echo "$nic has no link" >&2
    echo "link_connected: false" > "$RESULT_PATH"
    exit 1
  }
  sleep 0.5
done
reached() {
  ping -c 1 -W 2 -I "$nic" "$1" || return 1
  printf 'link_connected: true\\nresults:\\n  reaches: %s\\n' "$1" > "$RESULT_PATH"
  exit 0
}
reached 10.77.0.1
ip addr add 10.77.2.9/24 dev "$nic"
trap 'ip addr del 10.77.2.9/24 dev "$nic"' EXIT
reached 10.77.2.1
exit 1
`,
);

const failing = (body: string) => script(["name: lab-fails", "script_type: testing", "timeout: 60"], body);
export const FAILS = failing(`echo "looked at the fan"; echo "the fan does not turn" >&2; exit 3\n`);
/** Later versions of it. */
export const MENDED = failing(`echo "the fan turns again"\n`);
export const CHANGED_AGAIN = failing(`echo "nobody fetched this"\n`);

/** Asks for what a Debian image and a closed network have not. */
export const WANTS_SNAP = script(
  ["name: lab-wants-snap", "script_type: testing", "timeout: 60", "packages: {snap: hello}"],
  `echo "never reached"\n`,
);

/** Ends with what runs at last, so that nothing waits for it. */
export const HANGS = script(
  ["name: lab-hangs", "script_type: testing", "parallel: any", "timeout: 1"],
  `${unlessByHand}echo "waiting for ever"\nsleep 100000\n`,
);

export const commissioningSet = [RESTARTS];
export const testingSet = [DISK, NIC, FAILS, WANTS_SNAP, HANGS];
