"""The ground every other room stands on: database, time, money, errors, events, claims."""
