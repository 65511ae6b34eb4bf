/** An example of each operation of the schema, to open and run. */

import { print } from "@0no-co/graphql.web";
import { graphql, type TadaDocumentNode } from "../contracts/graphql";

/** Who is signed in, as the examples' variables name it. */
export interface Me {
  nodeId: string;
  username: string;
}

export interface Example {
  name: string;
  /** The operation's name in the document. */
  operation: string;
  query: string;
  variables(me: Me): string;
}

function example<Variables>(
  name: string,
  document: TadaDocumentNode<unknown, Variables>,
  variables: (me: Me) => Variables,
): Example {
  const operation = name.charAt(0).toUpperCase() + name.slice(1);
  return { name, operation, query: print(document), variables: (me) => JSON.stringify(variables(me), null, 2) };
}

const CARD = graphql(`
  fragment Card on Profile { id username displayName bio version etag }
`);

export const EXAMPLES: Record<string, Example[]> = {
  Read: [
    example("me", graphql(`
      query Me { me { id username email emailVerified pendingEmail bio displayName location website timeZone visibility editableFields version etag } }
    `), () => ({})),
    example("profile", graphql(`
      query Profile($username: String!) { profile(username: $username) { ...Card } }
    `, [CARD]), ({ username }) => ({ username })),
    example("profiles", graphql(`
      query Profiles($first: Int, $after: String, $search: String, $filter: ProfileFilterInput, $orderBy: ProfileOrder) {
        profiles(first: $first, after: $after, search: $search, filter: $filter, orderBy: $orderBy) {
          totalCount
          edges { cursor node { ...Card } }
          pageInfo { hasNextPage endCursor }
        }
      }
    `, [CARD]), () => ({ first: 10, orderBy: "USERNAME" as const })),
    example("node", graphql(`
      query Node($id: ID!) { node(id: $id) { __typename id ... on Profile { username } } }
    `), ({ nodeId: id }) => ({ id })),
    example("nodes", graphql(`
      query Nodes($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Profile { username } } }
    `), ({ nodeId: id }) => ({ ids: [id] })),
    example("history", graphql(`
      query History($id: ID!) {
        profile(id: $id) {
          history(first: 10) {
            edges { node { version at source actor { username } changes { field from to } } }
            pageInfo { hasNextPage endCursor }
          }
        }
      }
    `), ({ nodeId: id }) => ({ id })),
    example("export", graphql(`query Export { me { export { url } } }`), () => ({})),
    example("sessions", graphql(`
      query Sessions { me { sessions { id client address createdAt lastUsedAt expiresAt scope current } } }
    `), () => ({})),
    example("personalTokens", graphql(`
      query PersonalTokens { me { personalTokens { id label scopes createdAt expiresAt lastUsedAt } } }
    `), () => ({})),
  ],
  Write: [
    example("updateProfile", graphql(`
      mutation UpdateProfile($input: UpdateProfileInput!) {
        updateProfile(input: $input) { profile { ...Card } errors { code message field } }
      }
    `, [CARD]), ({ nodeId: id }) => ({ input: { id, bio: "Written by GraphiQL." } })),
    example("replaceProfile", graphql(`
      mutation ReplaceProfile($input: ReplaceProfileInput!) {
        replaceProfile(input: $input) { profile { ...Card } errors { code message field } }
      }
    `, [CARD]), ({ nodeId: id, username }) => ({
      input: { id, username, email: `${username}@example.com`, bio: "What is left out goes back to its default." },
    })),
    example("updateProfiles", graphql(`
      mutation UpdateProfiles($input: UpdateProfilesInput!) {
        updateProfiles(input: $input) { profiles { ...Card } errors { code message field } }
      }
    `, [CARD]), ({ nodeId: id }) => ({ input: { profiles: [{ id, location: "Here" }] } })),
    example("createProfile", graphql(`
      mutation CreateProfile($input: CreateProfileInput!) {
        createProfile(input: $input) { profile { ...Card } errors { code message field } }
      }
    `, [CARD]), () => ({ input: { username: "newcomer", email: "newcomer@example.com", password: "" } })),
    example("deleteProfile", graphql(`
      mutation DeleteProfile($input: DeleteProfileInput!) {
        deleteProfile(input: $input) { deletedId errors { code message field } }
      }
    `), ({ nodeId: id }) => ({ input: { id, ifMatch: "the etag of what you have read" } })),
  ],
  Identity: [
    example("tokenAuth", graphql(`
      mutation TokenAuth($username: String!, $password: String!, $scope: Scope) {
        tokenAuth(username: $username, password: $password, scope: $scope) {
          token refreshToken expiresAt refreshExpiresAt scope errors { code message field }
        }
      }
    `), ({ username }) => ({ username, password: "", scope: "READ" as const })),
    example("refreshToken", graphql(`
      mutation RefreshToken($refreshToken: String!) {
        refreshToken(refreshToken: $refreshToken) {
          token refreshToken expiresAt refreshExpiresAt scope errors { code message field }
        }
      }
    `), () => ({ refreshToken: "" })),
    example("verifyToken", graphql(`
      mutation VerifyToken($token: String!) {
        verifyToken(token: $token) { pk id username expiresAt scope errors { code message field } }
      }
    `), () => ({ token: "" })),
    example("revokeToken", graphql(`
      mutation RevokeToken($refreshToken: String!) {
        revokeToken(refreshToken: $refreshToken) { revoked errors { code message field } }
      }
    `), () => ({ refreshToken: "" })),
    example("changePassword", graphql(`
      mutation ChangePassword($oldPassword: String!, $newPassword: String!) {
        changePassword(oldPassword: $oldPassword, newPassword: $newPassword) {
          token refreshToken expiresAt errors { code message field }
        }
      }
    `), () => ({ oldPassword: "", newPassword: "" })),
    example("requestRecovery", graphql(`
      mutation RequestRecovery($email: String!) {
        requestRecovery(email: $email) { requested errors { code message field } }
      }
    `), ({ username }) => ({ email: `${username}@example.com` })),
    example("confirmRecovery", graphql(`
      mutation ConfirmRecovery($email: String!, $code: String!, $newPassword: String!) {
        confirmRecovery(email: $email, code: $code, newPassword: $newPassword) {
          token refreshToken expiresAt errors { code message field }
        }
      }
    `), ({ username }) => ({ email: `${username}@example.com`, code: "", newPassword: "" })),
    example("verifyEmail", graphql(`
      mutation VerifyEmail($code: String!) { verifyEmail(code: $code) { verified errors { code message field } } }
    `), () => ({ code: "" })),
    example("resendVerification", graphql(`
      mutation ResendVerification { resendVerification { requested errors { code message field } } }
    `), () => ({})),
    example("undoEmailChange", graphql(`
      mutation UndoEmailChange($token: String!) {
        undoEmailChange(token: $token) { undone errors { code message field } }
      }
    `), () => ({ token: "" })),
    example("logoutEverywhere", graphql(`
      mutation LogoutEverywhere { logoutEverywhere { loggedOut errors { code message field } } }
    `), () => ({})),
    example("endSession", graphql(`
      mutation EndSession($id: ID!) { endSession(id: $id) { ended errors { code message field } } }
    `), () => ({ id: "" })),
    example("endOtherSessions", graphql(`
      mutation EndOtherSessions { endOtherSessions { ended errors { code message field } } }
    `), () => ({})),
    example("createPersonalToken", graphql(`
      mutation CreatePersonalToken($label: String!, $scopes: [String!]!, $days: Int!) {
        createPersonalToken(label: $label, scopes: $scopes, days: $days) {
          id token expiresAt errors { code message field }
        }
      }
    `), () => ({ label: "A script of mine", scopes: ["read"], days: 30 })),
    example("revokePersonalToken", graphql(`
      mutation RevokePersonalToken($id: ID!) { revokePersonalToken(id: $id) { revoked errors { code message field } } }
    `), () => ({ id: "" })),
  ],
};
