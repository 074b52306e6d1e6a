/** Reading a machine's serial console, where its kind of BMC has one. */
import { PowerError, type PowerDriver } from "./driver.ts";
import { type Outside, realOutside } from "./outside.ts";
import { settingsFor } from "./settings.ts";

export interface ConsoleOrder {
  driver: PowerDriver;
  settings: Readonly<Record<string, unknown>>;
  /** Ends the reading, in order. */
  signal: AbortSignal;
  onText: (text: string) => void;
  outside?: Outside;
}

/**
 * Resolves when `signal` or the BMC has ended it; one session, no second try.
 * @throws PowerError when it could not be opened
 */
export async function readConsole({ driver, settings, signal, onText, outside }: ConsoleOrder): Promise<void> {
  if (!driver.console)
    throw new PowerError("unsupported", `power type ${driver.name} has no serial console that can be read`);
  const attempt = { settings: settingsFor(driver, settings), outside: outside ?? realOutside, signal };
  await driver.console(attempt, onText);
}
