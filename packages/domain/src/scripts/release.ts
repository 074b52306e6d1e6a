/** Which release scripts a release runs (reference: lifecycle.md section 11). */
import type { RequestParams } from "./parameters.ts";

/** The built-in script that erases disks. */
export const WIPE_DISKS = "wipe-disks";

export interface ReleaseWish {
  erase: boolean;
  secureErase: boolean;
  quickErase: boolean;
  /** Names, tags or ids of release scripts. */
  scripts: readonly string[];
  params: RequestParams;
}

/** The settings enable_disk_erasing_on_release, disk_erase_with_secure_erase and disk_erase_with_quick_erase. */
export interface EraseSettings {
  always: boolean;
  secure: boolean;
  quick: boolean;
}

/** Where erasing is a setting, how it is done is too: nobody's wish makes it less. No words: nothing is to be run. */
export function releaseScripts(wish: ReleaseWish, settings: EraseSettings): { words: string[]; params: RequestParams } {
  const asked = wish.erase || wish.secureErase || wish.quickErase;
  if (!asked && !settings.always) return { words: [...wish.scripts], params: wish.params };
  const how = settings.always ? settings : { secure: wish.secureErase, quick: wish.quickErase };
  return {
    words: [...new Set([...wish.scripts, WIPE_DISKS])],
    params: {
      ...wish.params,
      [`${WIPE_DISKS}_secure_erase`]: String(how.secure),
      [`${WIPE_DISKS}_quick_erase`]: String(how.quick),
    },
  };
}

/** Erasing alone has a status of its own. */
export function releaseStatus(names: readonly string[]): "disk_erasing" | "releasing" {
  return names.every((name) => name === WIPE_DISKS) ? "disk_erasing" : "releasing";
}
