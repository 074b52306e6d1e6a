/** Table types for Kysely: one interface per table, in the order of the migrations. */
// oxlint-disable-next-line typescript/no-empty-object-type
export interface Schema {}
