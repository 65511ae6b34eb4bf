// What an application of Relay declares: its compiler holds each against the published schema.
import { graphql } from "relay-runtime";

export const card = graphql`
  fragment Profiles_card on Profile @refetchable(queryName: "ProfilesCardQuery") {
    id
    username
    bio
    version
  }
`;

export const list = graphql`
  fragment Profiles_list on Query
  @refetchable(queryName: "ProfilesPageQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" }) {
    profiles(first: $first, after: $after, orderBy: USERNAME) @connection(key: "Profiles_profiles") {
      edges {
        node {
          username
          ...Profiles_card
        }
      }
    }
  }
`;

export const all = graphql`
  query ProfilesQuery {
    ...Profiles_list
  }
`;

export const me = graphql`
  query ProfilesMeQuery {
    me {
      ...Profiles_card
    }
  }
`;

export const update = graphql`
  mutation ProfilesUpdateMutation($input: UpdateProfileInput!) {
    updateProfile(input: $input) {
      profile {
        ...Profiles_card
      }
      errors {
        code
        message
        field
      }
    }
  }
`;

export const remove = graphql`
  mutation ProfilesDeleteMutation($input: DeleteProfileInput!, $connections: [ID!]!) {
    deleteProfile(input: $input) {
      deletedId @deleteEdge(connections: $connections)
    }
  }
`;
