/** A line of the list of what the documentation of MAAS 3 and 2.9 has a user do: its id there, what is typed or looked at, what is to come of it. */
export type Fact = readonly [id: string, asked: string, expected: string];
