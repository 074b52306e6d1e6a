/** Names and addresses of machines: generated host names, system ids, MAC addresses. Randomness comes in as an argument. */

/** A whole number below `below`. */
export type RandomBelow = (below: number) => number;

const ADJECTIVES =
  "able amber ample arctic azure balmy bold brave brief bright brisk broad calm candid clean clear clever coral cosmic cosy crisp curly daring deft eager early easy fair fancy fast fine firm fleet fond frank free fresh frosty gentle glad golden grand green handy happy hardy hazel hearty honest humble ideal jolly keen kind late lively loyal lucid lucky lunar magic mellow merry mild mint modest neat new nimble noble novel olive open pale peak plain plucky polite prime proud pure quick quiet rapid rare ready regal rich rosy round royal ruby rustic safe sharp shy silent silver simple sleek smart smooth snowy snug solar solid sound spry stable steady still strong subtle sunny super sure sweet swift tidy topaz tough true upbeat vast velvet vital vivid warm whole wild wise witty young zesty".split(
    " ",
  );
const ANIMALS =
  "adder alpaca ant badger bat bear beaver bee bison boar buck bull camel carp cat cobra cod colt condor coral cow crab crane cricket crow deer dingo dodo dog dove drake duck eagle earwig eel elk emu falcon fawn ferret finch fish flea fly foal fowl fox frog gar gecko gibbon gnat gnu goat goose grouse grub gull guppy hare hawk hen heron hippo hog horse hound ibex iguana impala jackal jay kid kite kiwi koala koi krill lamb lark lemur leopard liger lion llama lobster locust loon lynx macaw mako mammal marlin marmot marten mink mole molly monkey moose moth mouse mule muskox mutt narwhal newt ocelot octopus okapi orca oriole osprey otter owl ox oyster panda panther parrot perch pig pika piranha platypus pony possum prawn puma pup quail rabbit raccoon ram rat raven ray robin rodent rooster sailfish salmon seal shark sheep shiner shrew shrimp skink skunk sloth slug snail snake snapper spider sponge squid stag starling stork sturgeon swan swift tahr tapir termite tetra tick tiger toad tortoise troll trout tuna turkey turtle urchin viper wallaby walrus wasp weasel whale wolf wombat worm yak zebra".split(
    " ",
  );

/** adjective-animal, as people like to say them aloud. */
export function generateHostname(random: RandomBelow): string {
  return `${ADJECTIVES[random(ADJECTIVES.length)]}-${ANIMALS[random(ANIMALS.length)]}`;
}

/** Letters and digits that are not taken for each other. */
const ALPHABET = "34678abcdefghkmnpqrstwxy";

/** Six characters: a number in [24^5, 24^6), so that the first is never the zero of the alphabet. */
export function generateSystemId(random: RandomBelow): string {
  const base = ALPHABET.length;
  let number = base ** 5 + random(base ** 6 - base ** 5);
  let id = "";
  while (number > 0) {
    id = ALPHABET.charAt(number % base) + id;
    number = Math.floor(number / base);
  }
  return id;
}

/** Six pairs with `:` or `-`, or three dotted groups, or none at all; undefined for anything else. Lower case with colons. */
export function parseMac(text: string): string | undefined {
  const hex = text.trim().toLowerCase();
  if (!/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$|^([0-9a-f]{4}\.){2}[0-9a-f]{4}$|^[0-9a-f]{12}$/.test(hex)) return undefined;
  return hex.replace(/[:.-]/g, "").replace(/(..)(?=.)/g, "$1:");
}

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** A host name, or a fully qualified one split at its first dot; undefined when it is none. */
export function parseHostname(text: string): { hostname: string; domain: string | undefined } | undefined {
  const labels = text.trim().replace(/\.$/, "").split(".");
  if (text.trim().length > 255 || labels.some((label) => !LABEL.test(label))) return undefined;
  const [hostname = "", ...rest] = labels;
  return { hostname: hostname.toLowerCase(), domain: rest.length > 0 ? rest.join(".").toLowerCase() : undefined };
}

/** A host may be called what is no host name (RFC 1123): underscores, capitals, a domain behind it. */
export function cleanHostname(text: string): string {
  const label = text.split(".", 1)[0] ?? "";
  const clean = label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 63);
  return clean.replace(/^-|-$/g, "") || "rack";
}

/** Architectures that machines may have; `generic` is the usual subarchitecture. */
export const ARCHITECTURES = ["amd64", "arm64", "armhf", "i386", "ppc64el", "s390x"] as const;

/**
 * `amd64` and `amd64/generic` both mean the latter.
 * @returns words for why it is none of ours
 */
export function parseArchitecture(
  text: string,
  subarchitecture?: string,
): { architecture: string } | { problem: string } {
  const [arch = "", sub, ...more] = text.trim().split("/");
  if (!(ARCHITECTURES as readonly string[]).includes(arch) || more.length > 0)
    return {
      problem: `'${text}' is not a valid architecture. It should be one of: ${ARCHITECTURES.map((a) => `'${a}/generic'`).join(", ")}.`,
    };
  if (sub !== undefined && subarchitecture)
    return { problem: "Subarchitecture cannot be specified twice: in architecture and by itself." };
  const chosen = sub ?? (subarchitecture || "generic");
  if (/^(hwe|ga)-/.test(chosen)) return { problem: `${chosen} is a kernel: give it as min_hwe_kernel.` };
  if (!/^[a-z0-9_.-]+$/.test(chosen)) return { problem: `'${chosen}' is not a valid subarchitecture.` };
  return { architecture: `${arch}/${chosen}` };
}
