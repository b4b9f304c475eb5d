/** All that this client asks for. `npm run generate` checks it against the schema, and types it. */
import { graphql } from "../generated/codegen/index.js";

export const Me = graphql(`
  query Me {
    viewer {
      employee {
        id
        name
        title
        reports(first: 1) {
          nodes {
            id
            name
          }
        }
      }
    }
  }
`);

export const Leaders = graphql(`
  query Leaders($period: String!, $first: Int) {
    leaderboard(metric: WON_AMOUNT, period: $period, first: $first) {
      currency
      entries {
        rank
        value
        attainment
        employee {
          id
          name
        }
      }
    }
  }
`);

export const MyPayout = graphql(`
  query MyPayout($period: String!, $me: ID!) {
    payoutRun(period: $period) {
      id
      status
      lines(where: { employee: { eq: $me } }, first: 1) {
        nodes {
          id
          amount {
            ...Amount
          }
          explanation {
            credited {
              ...Amount
            }
            deals {
              closedOn
              amount {
                ...Amount
              }
              workItem {
                id
                title
              }
            }
            legs {
              rate
              amount {
                ...Amount
              }
              earned {
                ...Amount
              }
            }
          }
        }
      }
    }
  }

  fragment Amount on Money {
    amount
    currency
  }
`);

export const RecordScore = graphql(`
  mutation RecordScore($input: RecordScoreInput!) {
    recordScore(input: $input) {
      __typename
      ... on RecordScorePayload {
        position
        score {
          id
          metric
          value
          effective
        }
      }
      ... on Refused {
        code
        message
        path
      }
    }
  }
`);

export const Changes = graphql(`
  subscription Changes($after: String) {
    changes(after: $after) {
      cursor
      event {
        position
        topic
        about
        data
        redacted
      }
    }
  }
`);
