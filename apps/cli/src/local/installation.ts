/** What the region says of the installation that it is. */
import type { Shell } from "../shell.ts";
import { askRegion } from "./admin-socket.ts";

export interface Installation {
  version: string;
  simulated: boolean;
  servesDhcp: boolean;
  logLevel: string;
  database: { name: string; user: string; version: string; migrations: number; newestMigration: string };
}

export const readInstallation = (shell: Shell, dataDir: string | undefined): Promise<Installation> =>
  askRegion(shell, dataDir, "GET", "/admin/config");

/** Why options of the original are refused that say where the database is. */
export const databaseIsChosenAtStart =
  "the database is chosen when the region is started: RACKWRIGHT_DATABASE_URI=postgresql://USER@HOST/DATABASE script/up";
export const noTls =
  "the region serves no TLS by itself: put a proxy before it that does, and log in with its address (--cacerts FILE for an authority of your own)";
export const localAccountsOnly =
  "users are this region's own, with passwords and API keys; nothing outside is asked who they are (maas createadmin makes one)";
