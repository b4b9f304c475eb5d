/** What the schema must be like. A rule that is off, or less strict, has its reason beside it. */
import graphql from "@graphql-eslint/eslint-plugin";

const rules = { ...graphql.configs["flat/schema-all"].rules, ...graphql.configs["flat/schema-relay"].rules };

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: "schema.graphql" } },
    },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...rules,
      "@graphql-eslint/require-description": [
        "error",
        { types: true, rootField: true, FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true },
      ],
      // What has an identity of its own has an `id`; a page, an answer or an amount has none.
      "@graphql-eslint/strict-id-in-types": "off",
      // `nodes` beside `edges`, for who needs no cursors; and parts without an id, such as a fact, are paged too.
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
      // Commands are mutations here.
      "@graphql-eslint/no-root-type": "off",
      // Types are in the order of their names as a computer has it, which the rule does not: UUID before Unbind.
      "@graphql-eslint/alphabetize": [
        "error",
        {
          arguments: ["FieldDefinition"],
          fields: ["InputObjectTypeDefinition", "InterfaceTypeDefinition", "ObjectTypeDefinition"],
          values: true,
        },
      ],
      // A command answers with what it did or with a refusal, never with nothing; a list may be empty and is there.
      "@graphql-eslint/require-nullable-result-in-root": "off",
      // `scoredBy` of a score says who gave it: the word is the verb.
      "@graphql-eslint/no-typename-prefix": "off",
      // A command answers with the object that it changed, and the position to read on from.
      "@graphql-eslint/require-field-of-type-query-in-mutation-result": "off",
    },
  },
];
