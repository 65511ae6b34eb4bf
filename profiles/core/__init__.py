"""Code that every resource needs. Imports no other package of this repository; independent of profiles."""
