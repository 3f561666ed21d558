//! The report as files of a folder: which there are, what is in them, what they are called.

use crate::report::Report;

/// A form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `report.html`.
    Html,
    /// `report.md`.
    Markdown,
    /// `figures/NAME.csv`.
    Csv,
    /// `report.json`.
    Json,
}

/// Where the tables lie, within the run's folder.
pub const FIGURES: &str = "figures";

impl Format {
    /// All of them, by the names that a command line knows.
    pub const ALL: [(&'static str, Self); 4] =
        [("html", Self::Html), ("md", Self::Markdown), ("csv", Self::Csv), ("json", Self::Json)];
}

impl Report {
    /// Its files in these forms: the path within the folder, and the text.
    #[must_use]
    pub fn files(&self, formats: &[Format]) -> Vec<(String, String)> {
        let mut files = Vec::new();
        for format in formats {
            match format {
                Format::Html => files.push(("report.html".into(), self.to_html())),
                Format::Markdown => files.push(("report.md".into(), self.to_markdown())),
                Format::Json => files.push(("report.json".into(), self.to_json())),
                Format::Csv => files
                    .extend(self.figures().iter().map(|f| (format!("{FIGURES}/{}.csv", f.name), f.to_csv()))),
            }
        }
        files
    }

    /// Every file there is.
    #[must_use]
    pub fn all_files(&self) -> Vec<(String, String)> {
        self.files(&Format::ALL.map(|(_, format)| format))
    }
}
