// What each client asks the server.
const PROFILE = "id username bio version etag updatedBy { id username }";

export const SIGN_IN = `mutation SignIn($username: String!, $password: String!) {
  tokenAuth(username: $username, password: $password) { token errors { code message field } }
}`;

export const ME = `query Me { me { ${PROFILE} } }`;

export const NODE = `query Node($id: ID!) { node(id: $id) { __typename id ... on Profile { ${PROFILE} } } }`;

export const PAGE = `query Page($after: String) {
  profiles(first: 2, after: $after, orderBy: USERNAME) {
    edges { cursor node { id username } }
    pageInfo { startCursor endCursor hasPreviousPage hasNextPage }
  }
}`;

export const UPDATE = `mutation Update($input: UpdateProfileInput!) {
  updateProfile(input: $input) { profile { ${PROFILE} } errors { code message field } }
}`;
