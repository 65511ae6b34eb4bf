/** The GraphQL documents that the pages send. The build writes them into a manifest: see manifest.ts. */

import { graphql } from "../contracts/graphql.ts"; // its whole name: the build imports this file too

export const PROFILE = graphql(`
  fragment Whole on Profile {
    pk id username email emailVerified pendingEmail bio displayName location website timeZone language visibility
    emailPublic isActive
    createdAt updatedAt updatedBy { pk } version editableFields etag
  }
`);

export const SIGN_UP = graphql(`
  mutation SignUp($input: CreateProfileInput!) {
    done: createProfile(input: $input) { profile { ...Whole } errors { code message field } }
  }
`, [PROFILE]);

export const SIGN_IN = graphql(`
  mutation SignIn($username: String!, $password: String!) {
    done: tokenAuth(username: $username, password: $password) {
      token refreshToken expiresAt errors { code message field }
    }
  }
`);

export const REFRESH = graphql(`
  mutation Refresh($refreshToken: String!) {
    done: refreshToken(refreshToken: $refreshToken) {
      token refreshToken expiresAt errors { code message field }
    }
  }
`);

export const SIGN_OUT = graphql(`
  mutation SignOut($refreshToken: String!) {
    done: revokeToken(refreshToken: $refreshToken) { revoked errors { code message field } }
  }
`);

export const CHANGE_PASSWORD = graphql(`
  mutation ChangePassword($oldPassword: String!, $newPassword: String!) {
    done: changePassword(oldPassword: $oldPassword, newPassword: $newPassword) {
      token refreshToken expiresAt errors { code message field }
    }
  }
`);

export const LOGOUT_EVERYWHERE = graphql(`
  mutation LogoutEverywhere { done: logoutEverywhere { loggedOut errors { code message field } } }
`);

export const REQUEST_RECOVERY = graphql(`
  mutation RequestRecovery($email: String!) {
    done: requestRecovery(email: $email) { requested errors { code message field } }
  }
`);

export const CONFIRM_RECOVERY = graphql(`
  mutation ConfirmRecovery($email: String!, $code: String!, $newPassword: String!) {
    done: confirmRecovery(email: $email, code: $code, newPassword: $newPassword) {
      token refreshToken expiresAt errors { code message field }
    }
  }
`);

export const VERIFY_EMAIL = graphql(`
  mutation VerifyEmail($code: String!) { done: verifyEmail(code: $code) { verified errors { code message field } } }
`);

export const RESEND_VERIFICATION = graphql(`
  mutation ResendVerification { done: resendVerification { requested errors { code message field } } }
`);

export const UNDO_EMAIL_CHANGE = graphql(`
  mutation UndoEmailChange($token: String!) {
    done: undoEmailChange(token: $token) { undone errors { code message field } }
  }
`);

export const SESSIONS = graphql(`
  query Sessions { me { sessions { id client address createdAt lastUsedAt expiresAt scope current } } }
`);

export const END_SESSION = graphql(`
  mutation EndSession($id: ID!) { done: endSession(id: $id) { ended errors { code message field } } }
`);

export const END_OTHER_SESSIONS = graphql(`
  mutation EndOtherSessions { done: endOtherSessions { ended errors { code message field } } }
`);

export const PERSONAL_TOKENS = graphql(`
  query PersonalTokens { me { personalTokens { id label scopes createdAt expiresAt lastUsedAt } } }
`);

export const CREATE_PERSONAL_TOKEN = graphql(`
  mutation CreatePersonalToken($label: String!, $scopes: [String!]!, $days: Int!) {
    done: createPersonalToken(label: $label, scopes: $scopes, days: $days) { token errors { code message field } }
  }
`);

export const REVOKE_PERSONAL_TOKEN = graphql(`
  mutation RevokePersonalToken($id: ID!) { done: revokePersonalToken(id: $id) { revoked errors { code message field } } }
`);

export const ME = graphql(`query Me { found: me { ...Whole } }`, [PROFILE]);

export const ONE = graphql(`query Profile($pk: Int!) { found: profile(pk: $pk) { ...Whole } }`, [PROFILE]);

export const MANY = graphql(`
  query Profiles($after: String, $search: String, $orderBy: ProfileOrder) {
    page: profiles(after: $after, search: $search, orderBy: $orderBy) {
      edges { node { ...Whole } }
      pageInfo { hasNextPage endCursor }
    }
  }
`, [PROFILE]);

export const HISTORY = graphql(`
  query History($pk: Int!, $after: String) {
    profile(pk: $pk) {
      history(after: $after) {
        edges { node { version at source requestId actor { pk } changes { field from to } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`);

export const UPDATE = graphql(`
  mutation UpdateProfile($input: UpdateProfileInput!) {
    done: updateProfile(input: $input) { profile { ...Whole } errors { code message field } }
  }
`, [PROFILE]);

export const DELETE = graphql(`
  mutation DeleteProfile($input: DeleteProfileInput!) {
    done: deleteProfile(input: $input) { deletedId errors { code message field } }
  }
`);

export const EXPORT = graphql(`query Export { me { export { url } } }`);
