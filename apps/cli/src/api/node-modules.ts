/**
 * Modules of Node as require() gives them. An import reads each of their exports, and some of those load much that is not used here
 * (WebSocket of node:http a whole HTTP client): 50 of the 100 ms of processor time that a command took.
 */
export const http = process.getBuiltinModule("node:http");
export const { randomBytes } = process.getBuiltinModule("node:crypto");

/** Loaded when it is needed. */
export const nodeHttps = () => process.getBuiltinModule("node:https");
