//! The servers as the SDK's clients see them.

mod clients;
mod dynamodb;
mod life;
mod s3;
mod sqs;
mod waiting;
