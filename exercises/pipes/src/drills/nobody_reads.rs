use std::io::{Write, pipe};

pub fn main() -> std::io::Result<()> {
    let (reader, mut writer) = pipe()?;
    drop(reader);
    match writer.write(b"hello") {
        Ok(length) => println!("{length} bytes"),
        Err(error) => println!("{:?}", error.kind()),
    }
    Ok(())
}
