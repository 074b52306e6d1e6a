/** The commands that are ours, and which file says what each does. */
import type { BuiltinModule } from "./builtin.ts";

interface Builtin {
  name: string;
  title: string;
  /** Other spellings that are taken and not shown. */
  aliases?: readonly string[];
  load: () => Promise<BuiltinModule>;
}

export const builtins: readonly Builtin[] = [
  {
    name: "login",
    title: "Log in to a server and remember it as a profile",
    load: () => import("./commands/login.ts"),
  },
  {
    name: "logout",
    title: "Forget a profile",
    aliases: ["logouit"],
    load: () => import("./commands/logout.ts"),
  },
  { name: "list", title: "List the profiles", load: () => import("./commands/list.ts") },
  {
    name: "refresh",
    title: "Fetch the API description of every profile anew",
    load: () => import("./commands/refresh.ts"),
  },
  {
    name: "completion",
    title: "Print a script that completes command lines, for bash, zsh or fish",
    load: () => import("./commands/completion.ts"),
  },
  {
    name: "apikey",
    title: "Show, make, rename or delete a user's API keys (on the region's host, as root)",
    aliases: ["api-key"],
    load: () => import("./commands/apikey.ts"),
  },
  {
    name: "createadmin",
    title: "Make an administrator (on the region's host, as root)",
    load: () => import("./commands/createadmin.ts"),
  },
  {
    name: "changepassword",
    title: "Give a user another password (on the region's host, as root)",
    load: () => import("./commands/changepassword.ts"),
  },
  {
    name: "init",
    title: "Finish the installation: make the first administrator (on the region's host, as root)",
    load: () => import("./commands/init.ts"),
  },
  {
    name: "config",
    title: "Show how the region is installed, and how much it logs (on the region's host, as root)",
    load: () => import("./commands/config.ts"),
  },
  {
    name: "configauth",
    title: "Show how users are known (on the region's host, as root)",
    aliases: ["config-auth"],
    load: () => import("./commands/configauth.ts"),
  },
  {
    name: "config-tls",
    title: "Say how to have TLS before the region",
    aliases: ["configtls"],
    load: () => import("./commands/config-tls.ts"),
  },
  {
    name: "config-vault",
    title: "Say where secrets are kept",
    load: () => import("./commands/config-vault.ts"),
  },
  {
    name: "migrate",
    title: "Say how far the database has been migrated (on the region's host, as root)",
    aliases: ["dbupgrade"],
    load: () => import("./commands/migrate.ts"),
  },
  {
    name: "msm",
    title: "Say that there is no Site Manager",
    load: () => import("./commands/msm.ts"),
  },
  {
    name: "status",
    title: "Show how the region is (on the region's host, as root)",
    load: () => import("./commands/status.ts"),
  },
];

/** Not shown: what scripts of ours ask. */
const hidden: readonly Builtin[] = [{ name: "__complete", title: "", load: () => import("./commands/complete.ts") }];

export const builtinNamed = (word: string): Builtin | undefined =>
  [...builtins, ...hidden].find(({ name, aliases = [] }) => name === word || aliases.includes(word));
