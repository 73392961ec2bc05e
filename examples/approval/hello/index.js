exports.handler = async () => "Approved";
