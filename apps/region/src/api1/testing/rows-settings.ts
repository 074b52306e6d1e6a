/** Rows S3-320 to S3-378: settings, numbers with a meaning, power types and their parameters. */
import assert from "node:assert/strict";
import { is, refuses, type Row, type World } from "./world.ts";

/** A setting with values that it takes, each with what is read again, and one that it refuses. */
const setting = (
  id: string,
  name: string,
  taken: readonly (readonly [value: string, read: unknown])[],
  bad?: string,
): Row => [
  id,
  `set_config and get_config of ${name}${bad === undefined ? "" : "; a value that it does not take"}`,
  `what was set${bad === undefined ? "" : "; 400 naming it"}`,
  async (w) => {
    const set = (value: string) => w.admin.post("maas/?op=set_config", { name, value });
    const before = is(await w.admin.get("maas/", { op: "get_config", name }), 200).json;
    for (const [value, read] of taken) {
      assert.equal(is(await set(value), 200).text, "OK");
      assert.deepEqual(is(await w.admin.get("maas/", { op: "get_config", name }), 200).json, read);
    }
    if (bad !== undefined) refuses(await set(bad), name);
    // By 2.0, whose defaults are not all of a kind that 1.0 takes.
    const form = { name, value: before === null ? "" : String(before) };
    is(await w.admin2("POST", "maas/?op=set_config", { form }), 200);
  },
];

const flags = [
  ["true", true],
  ["false", false],
] as const;

const settingRows: readonly Row[] = [
  setting("S3-320", "commissioning_distro_series", [["bookworm", "bookworm"]], "nonsense"),
  setting("S3-321", "check_compatibility", flags),
  setting("S3-322", "http_proxy", [["http://proxy.example.com:3128/", "http://proxy.example.com:3128/"]], "nonsense"),
  setting(
    "S3-323",
    "default_distro_series",
    [
      ["", ""],
      ["bookworm", "bookworm"],
    ],
    "nonsense",
  ),
  setting("S3-324", "ntp_server", [["91.189.94.4", "91.189.94.4"]], "nonsense"),
  setting("S3-325", "enlistment_domain", [
    ["example.com", "example.com"],
    ["", ""],
  ]),
  setting("S3-326", "upstream_dns", [["10.0.0.53", "10.0.0.53"]], "nonsense"),
  setting("S3-327", "enable_third_party_drivers", flags),
  setting("S3-328", "kernel_opts", [["quiet splash", "quiet splash"]]),
  setting("S3-329", "main_archive", [["http://archive.example.com/ubuntu", "http://archive.example.com/ubuntu"]], "x"),
  setting("S3-330", "maas_name", [["any name", "any name"]]),
  setting("S3-331", "ports_archive", [["http://ports.example.com/ubuntu", "http://ports.example.com/ubuntu"]], "x"),
];

const vocabularyRows: readonly Row[] = [
  [
    "S3-332",
    "status of a cluster: 0, 1, 2; others",
    "pending, accepted, rejected; 400",
    async (w) => {
      for (const status of [0, 2, 1])
        assert.equal(is(await w.admin.put(w.cluster, { status }), 200).json.status, status);
      for (const status of [3, -1, "x"]) refuses(await w.admin.put(w.cluster, { status }), "status");
    },
  ],
  [
    "S3-333",
    "management of an interface: 0, 1, 2; others",
    "nothing, DHCP, DHCP and DNS; 400",
    async (w) => {
      const add = (management: number) => {
        const net = w.net();
        const range = { ip_range_low: `${net}.100`, ip_range_high: `${net}.120` };
        const fields = {
          ip: `${net}.2`,
          interface: w.word("nic"),
          subnet_mask: "255.255.255.0",
          router_ip: `${net}.1`,
        };
        return w.admin.post(`${w.cluster}interfaces/?op=new`, { ...fields, ...range, management });
      };
      for (const management of [0, 1, 2]) assert.equal(is(await add(management), 200).json.management, management);
      for (const management of [3, -1]) refuses(await add(management), "management");
    },
  ],
  [
    "S3-334",
    "the numbers of what the reference calls ready, declared, failed tests, allocated, broken",
    "4, 0, 2, 6, 8",
    async (w) => {
      for (const [status, number] of [
        ["ready", 4],
        ["new", 0],
        ["failed_commissioning", 2],
        ["allocated", 6],
        ["deployed", 6],
        ["broken", 8],
      ] as const)
        assert.equal(is(await w.user.get(`nodes/${(await w.machine(status)).systemId}/`), 200).json.status, number);
    },
  ],
  [
    "S3-335",
    "power types of all clusters",
    "each once, whichever cluster has it",
    async (w) => {
      const all = is(await w.user.get("nodegroups/?op=describe_power_types"), 200).json as { name: string }[];
      assert.equal(new Set(all.map((one) => one.name)).size, all.length);
    },
  ],
  [
    "S3-336",
    "the nine power types",
    "with all their parameters",
    async (w) => {
      const all = await described(w);
      for (const [name, , fields] of types)
        assert.deepEqual(
          all
            .get(name)
            ?.fields.map((one) => one.name)
            .toSorted(),
          Object.keys(fields).toSorted(),
          name,
        );
    },
  ],
];

interface Described {
  description: string;
  fields: { name: string; label: string; field_type: string; choices: [string, string][]; default: string }[];
}

async function described(w: World): Promise<Map<string, Described>> {
  const all = is(await w.user.get("nodegroups/?op=describe_power_types"), 200).json as (Described & { name: string })[];
  return new Map(all.map((one) => [one.name, one]));
}

/** Name, what people read, and a good value of each parameter; in the order of the rows. */
const types: readonly (readonly [name: string, description: string, fields: Record<string, string>])[] = [
  ["ether_wake", "Wake-on-LAN", { mac_address: "02:00:00:00:00:01" }],
  ["virsh", "Virsh (virtual systems)", { power_address: "qemu:///system", power_id: "vm1", power_pass: "p" }],
  ["fence_cdu", "Sentry Switch CDU", { power_address: "10.0.0.1", power_id: "3", power_user: "u", power_pass: "p" }],
  [
    "ipmi",
    "IPMI",
    {
      power_driver: "LAN",
      power_address: "10.0.0.1",
      power_user: "u",
      power_pass: "p",
      mac_address: "02:00:00:00:00:02",
    },
  ],
  [
    "moonshot",
    "iLO4 Moonshot Chassis",
    { power_address: "10.0.0.1", power_user: "u", power_pass: "p", power_hwaddress: "-B 0 -T 0x88" },
  ],
  [
    "sm15k",
    "SeaMicro 15000",
    { system_id: "7", power_address: "10.0.0.1", power_user: "u", power_pass: "p", power_control: "restapi2" },
  ],
  ["amt", "Intel AMT", { mac_address: "02:00:00:00:00:03", power_pass: "p", power_address: "10.0.0.1" }],
  ["dli", "Digital Loggers, Inc. PDU", { system_id: "7", power_address: "10.0.0.1", power_user: "u", power_pass: "p" }],
  ["ucsm", "Cisco UCS Manager", { uuid: "abc", power_address: "http://10.0.0.1/", power_user: "u", power_pass: "p" }],
];

/** Parameters that take only some values, with one that they do not. */
const picky: Record<string, string> = {
  "ether_wake mac_address": "nonsense",
  "ipmi power_driver": "LAN_9",
  "sm15k power_control": "telepathy",
  "amt mac_address": "nonsense",
};
const FIRST_TYPE_ROW = 337;

function typeRows(): Row[] {
  const rows: Omit<{ asked: string; expected: string; check: (w: World) => Promise<void> }, never>[] = [];
  for (const [name, description, fields] of types) {
    rows.push({
      asked: `PUT power_type=${name}`,
      expected: `taken; described as ${description}`,
      check: async (w) => {
        const { systemId } = await w.machine("ready");
        assert.equal(is(await w.admin.put(`nodes/${systemId}/`, { power_type: name }), 200).json.power_type, name);
        assert.equal((await described(w)).get(name)?.description, description);
      },
    });
    for (const [field, value] of Object.entries(fields)) {
      const bad = picky[`${name} ${field}`];
      rows.push({
        asked: `PUT power_parameters_${field} of ${name}${bad === undefined ? "" : "; a value that it does not take"}`,
        expected: `kept, and described${bad === undefined ? "" : "; 400 naming power_parameters"}`,
        check: async (w) => {
          const { systemId } = await w.machine("ready");
          const put = (text: string) =>
            w.admin.put(`nodes/${systemId}/`, { power_type: name, [`power_parameters_${field}`]: text });
          is(await put(value), 200);
          const kept = is(await w.admin2("GET", `machines/${systemId}/?op=power_parameters`), 200).json;
          assert.equal(kept[field], value);
          const shown = (await described(w)).get(name)?.fields.find((one) => one.name === field);
          assert.ok(shown && shown.label !== "");
          if (shown.field_type === "choice") assert.ok(shown.choices.some(([choice]) => choice === shown.default));
          if (bad !== undefined) refuses(await put(bad), "power_parameters");
        },
      });
    }
  }
  return rows.map(({ asked, expected, check }, i): Row => [`S3-${FIRST_TYPE_ROW + i}`, asked, expected, check]);
}

export const settingsRows: readonly Row[] = [...settingRows, ...vocabularyRows, ...typeRows()];
