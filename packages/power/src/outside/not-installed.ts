import { PowerError } from "../driver.ts";

export function notInstalled(file: string, cause: Error): PowerError {
  return new PowerError(
    "unsupported",
    `the program ${file} is not installed on this rack controller: install it and try again`,
    { cause },
  );
}
