use std::io::{Read, Write, pipe};

pub fn main() -> std::io::Result<()> {
    let (mut reader, mut writer) = pipe()?;
    writer.write_all(b"hello")?;
    let mut text = String::new();
    reader.read_to_string(&mut text)?;
    println!("{}", text.len());
    Ok(())
}
