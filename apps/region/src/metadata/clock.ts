/** A machine whose clock is wrong is refused, whatever it asks; that is worth knowing when it gets no further. */
import { insertEvidence, lastEvidence } from "@rackwright/db/history";
import { readMachineById } from "@rackwright/db/machines";
import { tokenOwner } from "@rackwright/db/users";
import { tokenPurpose } from "../auth/known-secrets.ts";
import { oauthParams, parseAuthorization, signatureMatches } from "../auth/oauth.ts";
import type { Region } from "../context.ts";

/** The same bound as for everybody's requests. */
const MAX_SKEW_SECONDS = 300;
const TEXT = "signed request refused: the machine's clock is off by";

/** Record it, when the request is truly the machine's own: its signature holds. Once, until something else is seen of the machine. */
export async function noteWrongClock(
  region: Region,
  authorization: string | undefined,
  target: { method: string; url: string },
): Promise<void> {
  const pairs = authorization === undefined ? undefined : parseAuthorization(authorization);
  const oauth = pairs && oauthParams(pairs);
  if (!oauth) return;
  const seconds = Math.round(Number(oauth.timestamp) - region.now().getTime() / 1000);
  if (!Number.isFinite(seconds) || Math.abs(seconds) <= MAX_SKEW_SECONDS) return;
  const owner = await tokenOwner(region.db.kysely, oauth.token);
  if (!owner?.node || owner.consumerKey !== oauth.consumerKey) return;
  const secret = region.secrets.open(tokenPurpose(oauth.token), owner.secret);
  if (!signatureMatches(oauth, secret, { ...target, params: [] })) return;
  const loaded = await readMachineById(region.db.kysely, owner.node.id);
  if (!loaded) return;
  const { id: nodeId, bootEpoch } = loaded.machine;
  const last = await lastEvidence(region.db.kysely, nodeId, bootEpoch);
  if (last?.text.startsWith(TEXT)) return;
  const text = `${TEXT} ${seconds} s`;
  await insertEvidence(region.db.kysely, [{ nodeId, mac: null, bootEpoch, source: "metadata", text }]);
}
