/** A list that grows page by page, each row of which can be asked for again by itself, through `node`. */
import { graphql, useLazyLoadQuery, usePaginationFragment, useRefetchableFragment } from "react-relay";

import type { EmployeesQuery } from "./__generated__/EmployeesQuery.graphql.js";
import type { EmployeesPageQuery } from "./__generated__/EmployeesPageQuery.graphql.js";
import type { Employees_list$key } from "./__generated__/Employees_list.graphql.js";
import type { EmployeesRowQuery } from "./__generated__/EmployeesRowQuery.graphql.js";
import type { Employees_row$key } from "./__generated__/Employees_row.graphql.js";

export function Employees() {
  const found = useLazyLoadQuery<EmployeesQuery>(
    graphql`
      query EmployeesQuery($first: Int!, $where: EmployeeWhere) {
        viewer {
          id
          employee {
            id
            name
          }
        }
        ...Employees_list @arguments(first: $first, where: $where)
      }
    `,
    { first: 20, where: { status: { eq: "ACTIVE" } } },
  );
  return (
    <>
      <h1>{found.viewer.employee?.name}</h1>
      <List list={found} />
    </>
  );
}

function List({ list }: { list: Employees_list$key }) {
  const { data, hasNext, loadNext } = usePaginationFragment<EmployeesPageQuery, Employees_list$key>(
    graphql`
      fragment Employees_list on Query
      @refetchable(queryName: "EmployeesPageQuery")
      @argumentDefinitions(
        first: { type: "Int", defaultValue: 20 }
        after: { type: "String" }
        where: { type: "EmployeeWhere" }
      ) {
        employees(first: $first, after: $after, where: $where, orderBy: [{ field: NAME }])
          @connection(key: "Employees_employees") {
          totalCount
          edges {
            node {
              id
              ...Employees_row
            }
          }
        }
      }
    `,
    list,
  );
  return (
    <>
      <p>{data.employees.totalCount} people</p>
      <ul>
        {data.employees.edges.map(({ node }) => (
          <Row key={node.id} row={node} />
        ))}
      </ul>
      {hasNext && <button onClick={() => loadNext(20)}>More</button>}
    </>
  );
}

function Row({ row }: { row: Employees_row$key }) {
  const [employee, ask] = useRefetchableFragment<EmployeesRowQuery, Employees_row$key>(
    graphql`
      fragment Employees_row on Employee @refetchable(queryName: "EmployeesRowQuery") {
        name
        title
        department {
          name
        }
      }
    `,
    row,
  );
  return (
    <li onClick={() => ask({})}>
      {employee.name}, {employee.title}
      {employee.department && ` (${employee.department.name})`}
    </li>
  );
}
