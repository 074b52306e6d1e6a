/**
 * Codes of everything a caller can do wrong or meet. HTTP statuses and documentation of each are in `contract/src/errors.ts`; a test keeps
 * the two equal.
 */
export type ErrorCode =
  | "bad_request"
  | "invalid_fields"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "wrong_status"
  | "machine_locked"
  | "no_match"
  | "conflict"
  | "gone"
  | "unsupported_media_type"
  | "payload_too_large"
  | "no_address_left"
  | "power_failed"
  | "rack_unavailable"
  | "rack_timeout";

/** Messages per field name, as the API sends them on 400; `__all__` holds what belongs to no single field. */
export type FieldMessages = Record<string, string[]>;

/**
 * Something the caller can act on. The message says what was attempted on which object, and what to do next.
 * A bug is never a DomainError: it is a plain Error and ends as a 500 with its details in the log only.
 */
export class DomainError extends Error {
  readonly code: ErrorCode;
  /** Set when `code` is `invalid_fields`. */
  readonly fields: FieldMessages | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; fields?: FieldMessages } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "DomainError";
    this.code = code;
    this.fields = options.fields;
  }
}

/** A 400 that names one field. */
export function invalidField(field: string, message: string): DomainError {
  return new DomainError("invalid_fields", `${field}: ${message}`, { fields: { [field]: [message] } });
}
